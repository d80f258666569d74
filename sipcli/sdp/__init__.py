"""Session descriptions and the offer/answer exchange (RFC 8866, 3264, 8829): text in, values out.

Pure: no clock, no randomness, no network, and no imports from other layers.
"""
