"""Parse and build RTP packets, and compare their wrapping numbers (RFC 3550 §5.1, §5.3.1)."""

from struct import Struct
from typing import Final, NamedTuple

_HEADER: Final = Struct("!BBHLL")
_LENGTH: Final = Struct("!H")
_VERSION_2: Final = 0x80
_PADDING: Final = 0x20
_EXTENSION: Final = 0x10
_CSRC_COUNT: Final = 0x0F
_MARKER: Final = 0x80
_PAYLOAD_TYPE: Final = 0x7F


class RtpPacket(NamedTuple):
    """One packet, without its CSRC list and padding, which are not used.

    A tuple: it takes a quarter of the time of a frozen dataclass, a hundred times a second.
    """

    payload_type: int
    """0-127."""
    sequence: int
    """16 bits."""
    timestamp: int
    """32 bits, in units of the payload's clock."""
    ssrc: int
    """32 bits."""
    payload: bytes
    """Empty in packets that contain only padding."""
    marker: bool = False
    extension: bytes = b""
    """The header extension including its header of four bytes (§5.3.1), for `extension.find`; empty
    if there is none."""


def parse(data: bytes) -> RtpPacket | None:
    """Return the packet in `data`; None if it is not RTP."""
    if len(data) < _HEADER.size:
        return None
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags & 0xC0 != _VERSION_2:
        return None
    begin = _HEADER.size + 4 * (flags & _CSRC_COUNT)
    end = len(data)
    extension = b""
    if flags & _EXTENSION:
        if end < begin + 4:
            return None
        fixed = begin
        begin += 4 + 4 * _LENGTH.unpack_from(data, begin + 2)[0]
        extension = data[fixed:begin]
    if flags & _PADDING:
        if data[-1] == 0:  # the count includes its own byte
            return None
        end -= data[-1]
    if begin > end:
        return None
    payload, marker = data[begin:end], bool(kind & _MARKER)
    return RtpPacket(kind & _PAYLOAD_TYPE, sequence, timestamp, ssrc, payload, marker, extension)


def build(packet: RtpPacket) -> bytes:
    """Return `packet` as bytes. Raises `struct.error` if a field is out of range."""
    kind = packet.payload_type | (_MARKER if packet.marker else 0)
    flags = _VERSION_2 | _EXTENSION if packet.extension else _VERSION_2
    header = _HEADER.pack(flags, kind, packet.sequence, packet.timestamp, packet.ssrc)
    return header + packet.extension + packet.payload


def sequence_difference(one: int, other: int) -> int:
    """Return how far the sequence number `one` is ahead of `other`: -32768 to 32767."""
    return ((one - other + 0x8000) & 0xFFFF) - 0x8000


def timestamp_difference(one: int, other: int) -> int:
    """Return how far the timestamp `one` is ahead of `other`, in clock units; a signed 32 bits."""
    return ((one - other + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
