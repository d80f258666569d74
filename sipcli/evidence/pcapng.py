"""The blocks of a pcapng file as bytes (draft-ietf-opsawg-pcapng), and the numbers in them.

Each function returns one whole block, little-endian, to be written in one piece.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final, Literal

SECTION_HEADER: Final = 0x0A0D0D0A
BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D
"""With which the body of a section header begins."""
INTERFACE_DESCRIPTION: Final = 1
ENHANCED_PACKET: Final = 6

END_OF_OPTIONS: Final = 0
COMMENT: Final = 1
USER_APPLICATION: Final = 4
"""The option `shb_userappl`: the program that wrote the section."""
PACKET_FLAGS: Final = 2
INTERFACE_NAME: Final = 2
TIME_RESOLUTION: Final = 9
TIME_OFFSET: Final = 14

RECEIVED: Final = 1
SENT: Final = 2
"""The lowest two bits of `PACKET_FLAGS`."""

LINK_RAW_IP: Final = 101
"""LINKTYPE_RAW: a packet begins with its IPv4 or IPv6 header."""
MAX_COMMENT: Final = 4000
"""Bytes of one comment. An option has room for 65535."""

_TICKS: Final = 1_000_000
_MICROSECONDS: Final = b"\x06"
_BLOCK: Final = Struct("<II")
_LENGTH: Final = Struct("<I")
_OPTION: Final = Struct("<HH")
_SECTION: Final = Struct("<IHHq")
_INTERFACE: Final = Struct("<HHI")
_PACKET_HEAD: Final = Struct("<III")
_TIME: Final = Struct("<II")
_LENGTHS: Final = Struct("<II")
_INTERFACE_NUMBER: Final = 0
_DIRECTIONS: Final = {"sent": SENT, "received": RECEIVED}


def section_header(program: str, comments: Sequence[str] = ()) -> bytes:
    """Return the block that begins a section; `program` is what writes it."""
    options = [(USER_APPLICATION, _text(program)), *((COMMENT, _text(c)) for c in comments)]
    return _block(SECTION_HEADER, _SECTION.pack(BYTE_ORDER_MAGIC, 1, 0, -1), options)


def interface_description(name: str, link_type: int = LINK_RAW_IP) -> bytes:
    """Return the block that describes interface 0, with times in microseconds."""
    options = [(INTERFACE_NAME, _text(name)), (TIME_RESOLUTION, _MICROSECONDS)]
    return _block(INTERFACE_DESCRIPTION, _INTERFACE.pack(link_type, 0, 0), options)


def packet_block(
    at: float,
    data: bytes,
    direction: Literal["sent", "received"] | None = None,
    comments: Sequence[str] = (),
    *,
    left_out: int = 0,
) -> bytes:
    """Return the block of a packet on interface 0.

    `at` is in seconds since the Unix epoch; `left_out` says how many bytes at its end are missing.
    """
    high, low = divmod(round(at * _TICKS), 2**32)
    if not comments and direction is not None and not left_out:  # most packets
        begin, lengths, end = _plain_packet(len(data), direction)
        return b"".join((begin, _TIME.pack(high, low), lengths, data, end))
    options = [(COMMENT, _text(comment)) for comment in comments]
    if direction is not None:
        options.append((PACKET_FLAGS, _LENGTH.pack(_DIRECTIONS[direction])))
    fields = _TIME.pack(high, low) + _LENGTHS.pack(len(data), len(data) + left_out)
    body = _LENGTH.pack(_INTERFACE_NUMBER) + fields + data + bytes(-len(data) % 4)
    return _block(ENHANCED_PACKET, body, options)


@lru_cache(maxsize=1024)
def _plain_packet(
    length: int, direction: Literal["sent", "received"]
) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the time, the packet's data and the end of its block.

    In a call there are some hundred of them, by the lengths of its packets.
    """
    options = _encoded([(PACKET_FLAGS, _LENGTH.pack(_DIRECTIONS[direction]))])
    padding = bytes(-length % 4)
    size = _PACKET_HEAD.size + _TIME.size + _LENGTHS.size + length + len(padding) + len(options) + 4
    begin = _PACKET_HEAD.pack(ENHANCED_PACKET, size, _INTERFACE_NUMBER)
    return begin, _LENGTHS.pack(length, length), padding + options + _LENGTH.pack(size)


def _block(kind: int, body: bytes, options: list[tuple[int, bytes]]) -> bytes:
    body += _encoded(options)
    size = len(body) + 12
    return _BLOCK.pack(kind, size) + body + _LENGTH.pack(size)


def _encoded(options: list[tuple[int, bytes]]) -> bytes:
    parts: list[bytes] = []
    for code, value in options:
        parts += (_OPTION.pack(code, len(value)), value, bytes(-len(value) % 4))
    if options:
        parts.append(_OPTION.pack(END_OF_OPTIONS, 0))
    return b"".join(parts)


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "replace")[:MAX_COMMENT]
    return data.decode("utf-8", "ignore").encode()
