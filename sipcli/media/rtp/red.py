"""Redundant audio data (RED): a packet repeats earlier payloads, to recover losses (RFC 2198)."""

from struct import Struct
from typing import Final, NamedTuple

LARGEST_OFFSET: Final = (1 << 14) - 1
"""Maximum age of a block, in units of the RTP clock: 341 ms at 48 kHz."""
LARGEST_REDUNDANT: Final = (1 << 10) - 1
"""Maximum bytes of a redundant block."""
MAX_BLOCKS: Final = 9
"""Maximum blocks in a packet; ours have up to three, those of browsers up to nine."""
MAX_REDUNDANT: Final = 2
"""Maximum earlier payloads that a packet of ours repeats."""
FARTHEST: Final = 4
"""Maximum age of such a payload, in packets."""
FRAME: Final = 960
"""Samples at 48 kHz in a packet of the usual 20 ms."""
LARGEST_PACKET: Final = 1100
"""Maximum bytes of payload, so that no network has to fragment it."""
_HEADER: Final = Struct("!L")
_FOLLOWS: Final = 0x80
_PAYLOAD_TYPE: Final = 0x7F


class RedBlock(NamedTuple):
    """One payload of a packet (§3)."""

    payload_type: int
    """0-127: block PT."""
    timestamp_offset: int
    """How much older than its packet it is, in units of the RTP clock; 0 for the primary one."""
    payload: bytes


def parse(payload: bytes) -> tuple[RedBlock, ...]:
    """Return the blocks of a packet in their order, the primary last; none if it is not RED.

    If a length exceeds the packet, there are none: no block's end is known then.
    """
    headers: list[tuple[int, int, int]] = []
    at = 0
    while at < len(payload) and payload[at] & _FOLLOWS:
        if at + _HEADER.size > len(payload) or len(headers) == MAX_BLOCKS - 1:
            return ()
        word = _HEADER.unpack_from(payload, at)[0]
        headers.append((word >> 24 & _PAYLOAD_TYPE, word >> 10 & LARGEST_OFFSET, word & 0x3FF))
        at += _HEADER.size
    if at == len(payload):
        return ()
    primary, at = payload[at], at + 1
    if at + sum(length for _, _, length in headers) > len(payload):
        return ()
    blocks = []
    for payload_type, offset, length in headers:
        blocks.append(RedBlock(payload_type, offset, payload[at : at + length]))
        at += length
    return (*blocks, RedBlock(primary, 0, payload[at:]))


def build(blocks: tuple[RedBlock, ...]) -> bytes:
    """Return the payload with these blocks, the primary last; their fields must be in range."""
    *redundant, primary = blocks
    headers = b"".join(
        _HEADER.pack(
            (_FOLLOWS | block.payload_type) << 24
            | block.timestamp_offset << 10
            | len(block.payload)
        )
        for block in redundant
    )
    return headers + bytes((primary.payload_type,)) + b"".join(block.payload for block in blocks)


class Redundancy:
    """The last payloads sent, to be repeated in the next packets."""

    def __init__(self) -> None:
        self._payload_type = -1
        self._sent: dict[int, bytes] = {}
        """Timestamp -> payload, the latest last."""

    def add(
        self,
        payload_type: int,
        timestamp: int,
        payload: bytes,
        distances: tuple[int, ...],
        length: int = FRAME,
    ) -> bytes | None:
        """Return a RED payload with `payload` and earlier ones; None if there is nothing to add.

        `distances` are the ages, in packets, of the payloads to repeat; they are added up to the
        first that is too long, too old or missing. Digits and pauses are not repeated, and another
        payload type starts over. `length` is that of a packet, in samples at 48 kHz.
        """
        if payload_type != self._payload_type:
            self._payload_type = payload_type
            self._sent.clear()
        blocks = [RedBlock(payload_type, 0, payload)]
        room = LARGEST_PACKET - len(payload)
        for distance in distances:
            offset = distance * length
            earlier = self._sent.get((timestamp - offset) & 0xFFFF_FFFF, b"")
            is_small = 0 < len(earlier) <= min(LARGEST_REDUNDANT, room)
            if offset > LARGEST_OFFSET or not is_small:
                break
            blocks.insert(0, RedBlock(payload_type, offset, earlier))
            room -= len(earlier)
        if len(self._sent) == FARTHEST:
            del self._sent[next(iter(self._sent))]
        self._sent[timestamp] = payload
        return build(tuple(blocks)) if len(blocks) > 1 else None
