"""IP packets of a capture: what they carry, from whom to whom (RFC 791, 8200, 768, 9293).

`Dissector` reads what others captured, so nothing in a packet is trusted: what is too short, cut or
of another protocol is left out, and fragments that wait for others have a bound.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address
from struct import Struct
from typing import Final, Literal, NamedTuple

from sipcli.journal.entries import IpPort

MAX_WAITING: Final = 64
"""Packets of which only some fragments are known."""
MAX_FRAGMENTS: Final = 64
"""Of one packet; 65535 bytes come in 45 over Ethernet."""
MAX_TAGS: Final = 4
"""VLAN tags of an Ethernet frame."""
MAX_EXTENSIONS: Final = 8
"""Extension headers of an IPv6 packet."""


_SHORT: Final = Struct("!H")
IPV4_HEADER: Final = Struct("!BBHHHBBH4s4s")
IPV6_HEADER: Final = Struct("!IHBB16s16s")
UDP_HEADER: Final = Struct("!HHHH")
TCP_HEADER: Final = Struct("!HHIIBBHHH")
_FRAGMENT: Final = Struct("!BBHI")

_ETHERNET, _RAW = 1, (12, 14, 101, 228, 229)
_LOOPBACK = (0, 108)
_COOKED, _COOKED_2 = 113, 276
_IP_TYPES: Final = (0x0800, 0x86DD)
_TAG_TYPES: Final = (0x8100, 0x88A8, 0x9100)
_HOP_BY_HOP, _ROUTING, _FRAGMENTED, _DESTINATION = 0, 43, 44, 60


class IpProtocol(IntEnum):
    """What an IP packet carries, by IANA's numbers."""

    TCP = 6
    UDP = 17


@dataclass(frozen=True, slots=True)
class TransportPacket:
    """A UDP datagram, or a TCP segment."""

    protocol: Literal["udp", "tcp"]
    source: IpPort
    destination: IpPort
    payload: bytes
    sequence: int = 0
    """Of the first byte (TCP)."""
    is_first: bool = False
    """SYN: it opens the connection (TCP)."""
    is_last: bool = False
    """FIN or RST (TCP)."""


class _IpPacket(NamedTuple):
    source: str
    destination: str
    protocol: int
    payload: bytes
    identification: int | None = None
    """Of a fragment; None for a whole packet."""
    offset: int = 0
    """Bytes before the fragment."""
    has_more: bool = False


class Dissector:
    """Finds the UDP and TCP in packets, and joins IP fragments."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str, int, int], list[_IpPacket]] = OrderedDict()

    def dissect(self, link_type: int, data: bytes) -> TransportPacket | None:
        """Return what a packet carries; None for other protocols, and until a packet is whole."""
        packet = _ip_packet(_without_link_header(link_type, data))
        if packet is not None and packet.identification is not None:
            packet = self._joined(packet)
        return None if packet is None else _transport_packet(packet)

    def _joined(self, part: _IpPacket) -> _IpPacket | None:
        key = (part.source, part.destination, part.protocol, part.identification or 0)
        parts = self._waiting.setdefault(key, [])
        parts.append(part)
        payload = _payload_of(parts)
        if payload is not None or len(parts) >= MAX_FRAGMENTS:
            del self._waiting[key]
        elif len(self._waiting) > MAX_WAITING:
            self._waiting.popitem(last=False)
        if payload is None:
            return None
        return part._replace(payload=payload, identification=None)


def _payload_of(parts: list[_IpPacket]) -> bytes | None:
    """Return what the fragments carry together; None if one is missing."""
    payload = b""
    for part in sorted(parts, key=lambda each: each.offset):
        if part.offset > len(payload):
            return None
        payload = payload[: part.offset] + part.payload
        if not part.has_more:
            return payload
    return None


def _without_link_header(link_type: int, data: bytes) -> bytes:
    """Return the IP packet in `data`; empty if there is none."""
    if link_type in _RAW:
        return data
    if link_type in _LOOPBACK:
        return data[4:]
    if link_type == _COOKED:
        return data[16:] if _type_at(data, 14) in _IP_TYPES else b""
    if link_type == _COOKED_2:
        return data[20:] if _type_at(data, 0) in _IP_TYPES else b""
    if link_type != _ETHERNET:
        return b""
    position = 12
    for _ in range(MAX_TAGS):
        if _type_at(data, position) not in _TAG_TYPES:
            break
        position += 4
    return data[position + 2 :] if _type_at(data, position) in _IP_TYPES else b""


def _type_at(data: bytes, position: int) -> int:
    return _SHORT.unpack_from(data, position)[0] if len(data) >= position + 2 else 0


def _ip_packet(data: bytes) -> _IpPacket | None:
    version = data[0] >> 4 if data else 0
    if version == 4 and len(data) >= IPV4_HEADER.size:
        return _ipv4_packet(data)
    if version == 6 and len(data) >= IPV6_HEADER.size:
        return _ipv6_packet(data)
    return None


def _ipv4_packet(data: bytes) -> _IpPacket | None:
    fields = IPV4_HEADER.unpack_from(data)
    first, _, size, identification, flags, _, protocol, _, source, destination = fields
    begin = 4 * (first & 0x0F)
    # A network card that cuts large packets itself shows them with a length of 0.
    payload = data[begin : size or None]
    if begin < IPV4_HEADER.size:
        return None
    offset, has_more = 8 * (flags & 0x1FFF), bool(flags & 0x2000)
    return _IpPacket(
        str(ip_address(source)),
        str(ip_address(destination)),
        protocol,
        payload,
        identification if offset or has_more else None,
        offset,
        has_more,
    )


def _ipv6_packet(data: bytes) -> _IpPacket | None:
    _, size, protocol, _, source, destination = IPV6_HEADER.unpack_from(data)
    payload = data[IPV6_HEADER.size : IPV6_HEADER.size + size if size else None]
    identification, offset, has_more = None, 0, False
    for _ in range(MAX_EXTENSIONS):
        if protocol == _FRAGMENTED and len(payload) >= _FRAGMENT.size:
            protocol, _, flags, identification = _FRAGMENT.unpack_from(payload)
            offset, has_more = flags & 0xFFF8, bool(flags & 1)
            payload = payload[_FRAGMENT.size :]
            if offset:
                break  # what follows is not a header
        elif protocol in (_HOP_BY_HOP, _ROUTING, _DESTINATION) and len(payload) >= 2:
            protocol, payload = payload[0], payload[8 * payload[1] + 8 :]
        else:
            break
    source, destination = str(ip_address(source)), str(ip_address(destination))
    return _IpPacket(source, destination, protocol, payload, identification, offset, has_more)


def _transport_packet(packet: _IpPacket) -> TransportPacket | None:
    data = packet.payload
    if packet.protocol == IpProtocol.UDP and len(data) >= UDP_HEADER.size:
        source, destination, size, _ = UDP_HEADER.unpack_from(data)
        return TransportPacket(
            "udp",
            (packet.source, source),
            (packet.destination, destination),
            data[UDP_HEADER.size : size or None],
        )
    if packet.protocol == IpProtocol.TCP and len(data) >= TCP_HEADER.size:
        source, destination, sequence, _, begin, flags, _, _, _ = TCP_HEADER.unpack_from(data)
        return TransportPacket(
            "tcp",
            (packet.source, source),
            (packet.destination, destination),
            data[max(begin >> 4, 5) * 4 :],
            sequence,
            is_first=bool(flags & 0x02),
            is_last=bool(flags & 0x05),
        )
    return None
