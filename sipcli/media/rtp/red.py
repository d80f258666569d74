"""Redundant audio data (RED): a packet repeats earlier payloads, to recover losses (RFC 2198)."""

from struct import Struct
from typing import Final, NamedTuple

LARGEST_OFFSET: Final = (1 << 14) - 1
"""Units of the RTP clock by which a block can be older than its packet: 341 ms at 48 kHz."""
LARGEST_REDUNDANT: Final = (1 << 10) - 1
"""Bytes of a redundant block at most."""
MAX_BLOCKS: Final = 9
"""In one packet; ours have three, those of browsers up to that many."""
MAX_REDUNDANT: Final = 2
"""Earlier payloads that a packet of ours brings again."""
FARTHEST: Final = 4
"""How many frames older such a payload is at most."""
FRAME: Final = 960
"""Units of the clock of 48 kHz: the 20 ms that a packet of ours holds, if no other is asked for."""
LARGEST_PACKET: Final = 1100
"""Bytes of payload in all, so that no network has to cut it."""
_HEADER: Final = Struct("!L")
_FOLLOWS: Final = 0x80
_PAYLOAD_TYPE: Final = 0x7F


class RedBlock(NamedTuple):
    """One payload of a packet (§3)."""

    payload_type: int
    """0-127: block PT."""
    timestamp_offset: int
    """Units of the RTP clock by which it is older than its packet: 0 for the primary one."""
    payload: bytes


def parse(payload: bytes) -> tuple[RedBlock, ...]:
    """The blocks of a packet in their order, the primary last; none of what is no RED.

    Lengths that lead out of the packet make all of it worthless: no block's end is known then.
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
    """Write the blocks, the primary last. The caller keeps to the ranges of the fields."""
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
    """What was sent last, to be sent again with what comes next."""

    def __init__(self) -> None:
        self._payload_type = -1
        self._sent: dict[int, bytes] = {}
        """Payloads by their timestamps, the latest last."""

    def add(
        self,
        payload_type: int,
        timestamp: int,
        payload: bytes,
        distances: tuple[int, ...],
        length: int = FRAME,
    ) -> bytes | None:
        """`payload` with those that are so many packets older; None where none can go with it.

        They are looked for in the order of `distances`, up to one that is too long, too old or
        not there: digits and pauses are not sent again, and another payload type begins anew.
        `length` is that of a packet, in units of the clock of 48 kHz.
        """
        if payload_type != self._payload_type:
            self._payload_type = payload_type
            self._sent.clear()
        blocks = [RedBlock(payload_type, 0, payload)]
        room = LARGEST_PACKET - len(payload)
        for distance in distances:
            offset = distance * length
            again = self._sent.get((timestamp - offset) & 0xFFFF_FFFF, b"")
            is_small = 0 < len(again) <= min(LARGEST_REDUNDANT, room)
            if offset > LARGEST_OFFSET or not is_small:
                break
            blocks.insert(0, RedBlock(payload_type, offset, again))
            room -= len(again)
        if len(self._sent) == FARTHEST:
            del self._sent[next(iter(self._sent))]
        self._sent[timestamp] = payload
        return build(tuple(blocks)) if len(blocks) > 1 else None
