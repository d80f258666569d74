"""Compare numbers that wrap: RTP sequence numbers (16 bits) and timestamps (32 bits)."""


def sequence_difference(one: int, other: int) -> int:
    """How far the sequence number `one` is ahead of `other`: -32768 to 32767."""
    return ((one - other + 0x8000) & 0xFFFF) - 0x8000


def timestamp_difference(one: int, other: int) -> int:
    """How far the timestamp `one` is ahead of `other`, in clock units: -2**31 to 2**31 - 1."""
    return ((one - other + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
