"""IP packets around what sipcli has sent or received, for captures (RFC 791, 8200, 768, 9293).

What went through TLS, WebSocket, DTLS or a TURN relay is shown as if it had gone without. The
checksums are right, since Wireshark marks a UDP packet over IPv6 without one.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import Final

from sipcli.evidence.ip_packets import (
    IPV4_HEADER,
    IPV6_HEADER,
    TCP_HEADER,
    UDP_HEADER,
    IpProtocol,
)
from sipcli.journal.entries import IpPort

MAX_UDP: Final = 65535 - 40 - 8
"""Bytes that fit into one packet of either IP version."""
MAX_TCP: Final = 65535 - 40 - 20

_TTL: Final = 64
_DO_NOT_FRAGMENT: Final = 0x4000
_PUSH_ACK: Final = 0x18
_PSEUDO_HEADER: Final = Struct("!IBBH")


def udp_packet(source: IpPort, destination: IpPort, payload: bytes) -> bytes:
    """Return an IP packet with a UDP datagram; `payload` has at most `MAX_UDP` bytes."""
    head, head_sum = _udp_head(source, destination, len(payload))
    checksum = 0xFFFF - (head_sum + _words(payload)) % 0xFFFF
    return b"".join((head, checksum.to_bytes(2, "big"), payload))


@lru_cache(maxsize=1024)
def _udp_head(source: IpPort, destination: IpPort, length: int) -> tuple[bytes, int]:
    """Return what comes before the UDP checksum, and its part of that sum.

    In a call there are some hundred of them, by the lengths of its packets.
    """
    size = UDP_HEADER.size + length
    addresses = _addresses(source[0], destination[0])
    head = UDP_HEADER.pack(source[1], destination[1], size, 0)
    pseudo = (*addresses, _PSEUDO_HEADER.pack(size, 0, 0, IpProtocol.UDP), head)
    return _ip_header(addresses, IpProtocol.UDP, size) + head[:-2], _words(b"".join(pseudo))


def tcp_packet(
    source: IpPort, destination: IpPort, payload: bytes, sequence: int, acknowledged: int
) -> bytes:
    """Return an IP packet with a TCP segment; `payload` has at most `MAX_TCP` bytes."""

    def head(checksum: int) -> bytes:
        return TCP_HEADER.pack(
            source[1],
            destination[1],
            sequence & 0xFFFFFFFF,
            acknowledged & 0xFFFFFFFF,
            (TCP_HEADER.size // 4) << 4,
            _PUSH_ACK,
            0xFFFF,
            checksum,
            0,
        )

    addresses = _addresses(source[0], destination[0])
    segment = head(0) + payload
    pseudo = (*addresses, _PSEUDO_HEADER.pack(len(segment), 0, 0, IpProtocol.TCP), segment)
    checksum = 0xFFFF - _words(b"".join(pseudo))
    ip_header = _ip_header(addresses, IpProtocol.TCP, len(segment))
    return ip_header + head(checksum) + payload


@lru_cache(maxsize=256)
def _addresses(source: str, destination: str) -> tuple[bytes, bytes]:
    """Return both addresses, of one IP version: four bytes each, or 16."""
    one, other = _address(source), _address(destination)
    if one.version == other.version:
        return one.packed, other.packed
    return _as_ipv6(one), _as_ipv6(other)


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:  # unknown, for example behind a proxy
        return IPv4Address(0)


def _as_ipv6(address: IPv4Address | IPv6Address) -> bytes:
    return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed


def _ip_header(addresses: tuple[bytes, bytes], protocol: IpProtocol, size: int) -> bytes:
    source, destination = addresses
    if len(source) == 16:
        return IPV6_HEADER.pack(6 << 28, size, protocol, _TTL, source, destination)

    def header(checksum: int) -> bytes:
        return IPV4_HEADER.pack(
            0x45,
            0,
            IPV4_HEADER.size + size,
            0,
            _DO_NOT_FRAGMENT,
            _TTL,
            protocol,
            checksum,
            source,
            destination,
        )

    return header(0xFFFF - _words(header(0)))


def _words(data: bytes) -> int:
    """Return the ones' complement sum of all words of 16 bits (RFC 1071).

    That is the remainder of one large number, which Python computes at once.
    """
    return int.from_bytes(data + bytes(len(data) % 2), "big") % 0xFFFF
