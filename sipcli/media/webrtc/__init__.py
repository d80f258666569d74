"""The only importer of aiortc and aioice: ICE, TURN, DTLS and SRTP behind small interfaces of ours.

What these files use of the two packages beyond their documentation is held by
tests/media/test_aiortc_contract.py, name by name: a release that changes one is known at once.
"""
