"""Read the packets of a capture: pcapng (draft-ietf-opsawg-pcapng) and classic pcap.

The file may come from anybody: every length is checked against a bound before it is used, and an
error names the file and the offset. The file is read block by block, never as a whole. A file that
ends in the middle of a block, as after `kill -9`, ends with the last whole packet.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final, Literal

from sipcli.errors import ConfigError
from sipcli.evidence.pcapng import (
    BYTE_ORDER_MAGIC,
    COMMENT,
    END_OF_OPTIONS,
    ENHANCED_PACKET,
    INTERFACE_DESCRIPTION,
    PACKET_FLAGS,
    RECEIVED,
    SECTION_HEADER,
    SENT,
    TIME_OFFSET,
    TIME_RESOLUTION,
)
from sipcli.files import open_regular
from sipcli.text import one_line

MAX_BLOCK: Final = 16 * 1024 * 1024
"""Bytes of a block or packet; a packet of a network has at most 256 KiB."""
MAX_INTERFACES: Final = 1000
"""In one section."""
LATEST: Final = 253_370_764_800.0
"""The begin of the year 9999. A later time is taken for this one: not all can be shown."""

_OBSOLETE_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_DIRECTIONS: Final[dict[int, Literal["sent", "received"]]] = {RECEIVED: "received", SENT: "sent"}
_PCAP_TICKS: Final = {0xA1B2C3D4: 1_000_000, 0xA1B23C4D: 1_000_000_000}
"""The magic number of a pcap file -> ticks a second of its times."""


@dataclass(frozen=True, slots=True)
class CapturedPacket:
    """A packet of a capture, as captured: it may be cut."""

    at: float
    """Seconds since the Unix epoch."""
    link_type: int
    """What it begins with (LINKTYPE_…)."""
    data: bytes
    direction: Literal["sent", "received"] | None = None
    """Seen from the machine that captured; None if the file does not say."""
    comments: tuple[str, ...] = ()


def read_packets(path: Path) -> Iterator[CapturedPacket]:
    """Yield the packets of a capture in its order.

    Raises ConfigError, which names the file and the offset of what is wrong in it, also after some
    packets.
    """
    try:
        with open_regular(path) as file:
            yield from _packets(_Source(file, path))
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"{one_line(str(path))} cannot be read: {why}") from error


class _Source:
    """A file that is read from its begin to its end, and its offset for errors."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.offset = 0
        """Of the block that is read."""
        self._position = 0

    def begin_block(self) -> None:
        self.offset = self._position

    def read(self, size: int) -> bytes | None:
        """Return so many bytes; None if the file ends before."""
        data = self._file.read(size)
        self._position += len(data)
        return data if len(data) == size else None

    def error(self, what: str) -> ConfigError:
        return ConfigError(f"{one_line(str(self._path))}, offset {self.offset}: {what}")


def _packets(source: _Source) -> Iterator[CapturedPacket]:
    magic = source.read(4)
    if magic == Struct("<I").pack(SECTION_HEADER):
        return _Pcapng(source).packets(magic)
    for order in "<>":
        ticks = _PCAP_TICKS.get(Struct(f"{order}I").unpack(magic)[0]) if magic else None
        if ticks:
            return _pcap_packets(source, order, ticks)
    if magic and magic[:2] == b"\x1f\x8b":
        raise source.error("this file is compressed; unpack it with gunzip first")
    raise source.error("this is not a capture; a pcapng or pcap file is")


def _pcap_packets(source: _Source, order: str, ticks: int) -> Iterator[CapturedPacket]:
    rest = source.read(20)
    if rest is None:
        return
    # The upper bits tell of a checksum behind each packet.
    link_type = Struct(f"{order}I").unpack_from(rest, 16)[0] & 0xFFFF
    head = Struct(f"{order}IIII")
    while True:
        source.begin_block()
        fields = source.read(head.size)
        if fields is None:
            return
        seconds, fraction, size, _ = head.unpack(fields)
        if size > MAX_BLOCK:
            raise source.error(f"a packet of {size} bytes; at most {MAX_BLOCK} are read")
        data = source.read(size)
        if data is None:
            return
        yield CapturedPacket(min(seconds + fraction / ticks, LATEST), link_type, data)


@dataclass(frozen=True, slots=True)
class _Interface:
    link_type: int
    seconds: Callable[[int], float]
    """Turns a count of ticks into a time."""


class _Pcapng:
    def __init__(self, source: _Source) -> None:
        self._source = source
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._last = 0.0

    def packets(self, begin: bytes) -> Iterator[CapturedPacket]:
        """Yield the packets; `begin` are the first four bytes of the file."""
        kind_bytes: bytes | None = begin
        while kind_bytes is not None:
            body = self._block(kind_bytes)
            if body is None:
                return
            (kind,) = self._unpack("I", kind_bytes)
            yield from self._read(kind, body)
            self._source.begin_block()
            kind_bytes = self._source.read(4)

    def _block(self, kind: bytes) -> bytes | None:
        """Return the body of the block whose type was read; None if the file ends in it."""
        length = self._source.read(4)
        if length is None:
            return None
        begin = b""
        if kind == Struct("<I").pack(SECTION_HEADER):  # the same in both orders
            magic = self._source.read(4)
            if magic is None:
                return None
            self._begin_section(magic)
            begin = magic
        (size,) = self._unpack("I", length)
        if not 12 + len(begin) <= size <= MAX_BLOCK or size % 4:
            raise self._source.error(
                f"a block of {size} bytes; a block has 12 to {MAX_BLOCK}, a multiple of 4"
            )
        rest = self._source.read(size - 8 - len(begin))
        if rest is None:
            return None
        if rest[-4:] != length:
            raise self._source.error("the length at the end of the block is not that at its begin")
        return begin + rest[:-4]

    def _begin_section(self, magic: bytes) -> None:
        for order in "<>":
            if Struct(f"{order}I").unpack(magic)[0] == BYTE_ORDER_MAGIC:
                self._order = order
                self._interfaces = []
                return
        raise self._source.error("a section header without the byte-order magic of pcapng")

    def _read(self, kind: int, body: bytes) -> Iterator[CapturedPacket]:
        if kind == INTERFACE_DESCRIPTION:
            self._add_interface(body)
        elif kind == ENHANCED_PACKET:
            interface, high, low, size, _ = self._unpack("IIIII", body)
            yield self._packet(interface, high << 32 | low, size, body, 20)
        elif kind == _OBSOLETE_PACKET:
            interface, _, high, low, size, _ = self._unpack("HHIIII", body)
            yield self._packet(interface, high << 32 | low, size, body, 20)
        elif kind == _SIMPLE_PACKET:
            (size,) = self._unpack("I", body)
            yield self._packet(0, None, min(size, len(body) - 4), body, 4)

    def _add_interface(self, body: bytes) -> None:
        if len(self._interfaces) >= MAX_INTERFACES:
            raise self._source.error(f"more than {MAX_INTERFACES} interfaces")
        link_type = self._unpack("H", body)[0]
        ticks, offset = 1_000_000, 0
        for code, value in self._options(body[8:]):
            if code == TIME_RESOLUTION and len(value) == 1:
                base, power = (2, value[0] & 0x7F) if value[0] & 0x80 else (10, value[0])
                ticks = base**power
            elif code == TIME_OFFSET and len(value) == 8:
                (offset,) = self._unpack("q", value)
        self._interfaces.append(
            _Interface(link_type, lambda n: min(max(offset + n / ticks, 0.0), LATEST))
        )

    def _packet(
        self, number: int, ticks: int | None, size: int, body: bytes, begin: int
    ) -> CapturedPacket:
        if number >= len(self._interfaces):
            raise self._source.error(f"a packet of interface {number}, which is not described")
        interface = self._interfaces[number]
        if size > len(body) - begin:
            raise self._source.error(f"a packet of {size} bytes in a block of {len(body)}")
        if ticks is not None:
            self._last = interface.seconds(ticks)
        direction, comments = None, []
        for code, value in self._options(body[begin + size + -size % 4 :]):
            if code == PACKET_FLAGS and len(value) == 4:
                direction = _DIRECTIONS.get(self._unpack("I", value)[0] & 3)
            elif code == COMMENT:
                comments.append(value.decode("utf-8", "replace"))
        data = body[begin : begin + size]
        return CapturedPacket(self._last, interface.link_type, data, direction, tuple(comments))

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        position = 0
        while position + 4 <= len(data):
            code, size = self._unpack("HH", data, position)
            if code == END_OF_OPTIONS:
                return
            yield code, data[position + 4 : position + 4 + size]
            position += 4 + size + -size % 4

    def _unpack(self, layout: str, data: bytes, position: int = 0) -> tuple[int, ...]:
        fields = Struct(self._order + layout)
        if len(data) < position + fields.size:
            raise self._source.error(f"a block with {len(data)} bytes is too short for its type")
        return fields.unpack_from(data, position)
