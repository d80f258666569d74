"""HEP3, the Homer Encapsulation Protocol: one captured message as the bytes of one HEP message.

Source: HEP3 Network Protocol Specification (github.com/sipcapture/HEP).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import Final, TypeAlias

from sipcli.evidence.ip_packets import IpProtocol
from sipcli.journal.entries import IpPort

MAX_MESSAGE: Final = 8192
"""Bytes of a HEP message: heplify-server closes a connection that brings a longer one."""

_MAGIC: Final = b"HEP3"
_LENGTH: Final = Struct("!H")
_HEADER_SIZE: Final = len(_MAGIC) + _LENGTH.size
_CHUNK: Final = Struct("!HHH")
_GENERIC: Final = 0
"""The vendor of all chunks that the specification itself defines."""
_IPV4, _IPV6 = 2, 10
"""The address families, by the numbers of Linux."""

_MAX_PASSWORD: Final = 1024
_MAX_CORRELATION_ID: Final = 1024
"""Bytes of them that are sent; the payload needs the rest."""

_Address: TypeAlias = IPv4Address | IPv6Address


class HepProtocol(IntEnum):
    """What the captured message is."""

    SIP = 1
    RTCP_JSON = 5


class _ChunkType(IntEnum):
    FAMILY = 1
    IP_PROTOCOL = 2
    SOURCE_IPV4 = 3
    DESTINATION_IPV4 = 4
    SOURCE_IPV6 = 5
    DESTINATION_IPV6 = 6
    SOURCE_PORT = 7
    DESTINATION_PORT = 8
    SECONDS = 9
    MICROSECONDS = 10
    PROTOCOL = 11
    AGENT_ID = 12
    PASSWORD = 14
    PAYLOAD = 15
    CORRELATION_ID = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class HepMessage:
    """A captured message. Secrets in it are already masked."""

    at: float
    """Seconds since the Unix epoch."""
    source: IpPort
    destination: IpPort
    ip_protocol: IpProtocol
    """What carried it."""
    protocol: HepProtocol
    payload: bytes
    """What does not fit in `MAX_MESSAGE` is cut off."""
    correlation_id: str
    """The Call-ID, by which the server finds all that belongs to a call."""


def encode(message: HepMessage, *, agent_id: int, password: str | None) -> bytes:
    """Return the HEP message. `password` is sent as it is.

    The order of the chunks is that of Homer's own agents. sngrep reads them by their place, and
    takes nothing between the addresses and the payload but a password.
    """
    before = b"".join(_before_payload(message, agent_id, password))
    call = message.correlation_id.encode(errors="replace")[:_MAX_CORRELATION_ID]
    after = _chunk(_ChunkType.CORRELATION_ID, call) if call else b""
    room = MAX_MESSAGE - _HEADER_SIZE - len(before) - _CHUNK.size - len(after)
    chunks = before + _chunk(_ChunkType.PAYLOAD, message.payload[:room]) + after
    return _MAGIC + _LENGTH.pack(_HEADER_SIZE + len(chunks)) + chunks


def _before_payload(message: HepMessage, agent_id: int, password: str | None) -> Iterator[bytes]:
    source, destination = _same_family(message.source[0], message.destination[0])
    seconds, microseconds = divmod(round(message.at * 1_000_000), 1_000_000)
    is_ipv4 = source.version == 4
    yield _number(_ChunkType.FAMILY, _IPV4 if is_ipv4 else _IPV6, 1)
    yield _number(_ChunkType.IP_PROTOCOL, message.ip_protocol, 1)
    yield _number(_ChunkType.SOURCE_PORT, message.source[1], 2)
    yield _number(_ChunkType.DESTINATION_PORT, message.destination[1], 2)
    yield _number(_ChunkType.SECONDS, seconds, 4)
    yield _number(_ChunkType.MICROSECONDS, microseconds, 4)
    yield _number(_ChunkType.PROTOCOL, message.protocol, 1)
    yield _number(_ChunkType.AGENT_ID, agent_id, 4)
    if is_ipv4:
        yield _chunk(_ChunkType.SOURCE_IPV4, source.packed)
        yield _chunk(_ChunkType.DESTINATION_IPV4, destination.packed)
    else:
        yield _chunk(_ChunkType.SOURCE_IPV6, source.packed)
        yield _chunk(_ChunkType.DESTINATION_IPV6, destination.packed)
    if password is not None:
        yield _chunk(_ChunkType.PASSWORD, password.encode()[:_MAX_PASSWORD])


def _same_family(source: str, destination: str) -> tuple[_Address, _Address]:
    """Read both addresses; where a relay joins IPv4 and IPv6, the IPv4 one is mapped."""
    ends = ip_address(source.partition("%")[0]), ip_address(destination.partition("%")[0])
    if ends[0].version == ends[1].version:
        return ends
    return _mapped(ends[0]), _mapped(ends[1])


def _mapped(address: _Address) -> IPv6Address:
    return IPv6Address(f"::ffff:{address}") if isinstance(address, IPv4Address) else address


def _number(kind: _ChunkType, value: int, size: int) -> bytes:
    return _chunk(kind, value.to_bytes(size, "big"))


def _chunk(kind: _ChunkType, body: bytes) -> bytes:
    return _CHUNK.pack(_GENERIC, kind, _CHUNK.size + len(body)) + body
