"""The socket of an ICE agent: sort incoming datagrams (RFC 7983), record mapped addresses."""

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol, TypeAlias, cast

from aioice import ice, stun

from sipcli.media.webrtc.candidates import HostPort

LARGEST_DATAGRAM: Final = 2048
"""Bytes. asyncio's 256 KiB buffer per read would cost more than the rest of a packet's handling."""

LARGEST_STUN: Final = 1500
"""Bytes; a STUN message fits into one packet (RFC 8489 §6.1)."""

_MEDIA = range(128, 192)
_DTLS = range(20, 64)
_STUN = range(4)
"""First bytes of the protocols that share the socket (RFC 7983 §7)."""


class SocketOwner(Protocol):
    """What a socket needs from its agent (ice.IceAgent)."""

    on_media: "OnMedia"
    """Gets SRTP and SRTCP."""
    peers: set[HostPort]
    """Addresses that media are accepted from."""

    def dtls_received(self, data: bytes, peer: HostPort) -> None:
        """Process a DTLS datagram."""

    def may_change_role(self) -> bool:
        """Return True if another role conflict is acceptable."""


class IceSocket(ice.StunProtocol):
    """A UDP socket or a TURN allocation, shared by checks, DTLS and media."""

    def __init__(self, owner: SocketOwner) -> None:
        super().__init__(cast(Any, owner))  # aioice asks for a Connection
        self._owner = owner
        self.mapped: dict[HostPort, HostPort] = {}
        """Our mapped address as a peer or server sees it, by its address."""
        self.servers: dict[HostPort, Callable[[bytes], None]] = {}
        """STUN servers asked over DTLS, and the handler of what each of them sends."""

    @property
    def address(self) -> HostPort:
        """The address that it sends from: our own, or the one that its relay has for us."""
        return self.local_candidate.host, self.local_candidate.port

    def belong_to(self, owner: SocketOwner) -> None:
        """Pass incoming datagrams to another agent from now on."""
        self.receiver = cast(Any, owner)
        self._owner = owner

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """Sort one datagram by its first byte; never raises, whatever it contains."""
        data = cast(bytes, data)
        first = data[0] if data else -1
        peer = addr if len(addr) == 2 else addr[:2]
        if first in _MEDIA:
            if peer in self._owner.peers:
                self._owner.on_media(data, self, peer)
        elif first in _DTLS:
            handler = self.servers.get(peer)
            if handler is None:
                self._owner.dtls_received(data, peer)
            else:
                handler(data)
        elif first in _STUN and len(data) <= LARGEST_STUN:
            # An attribute of a wrong length makes aioice raise this besides ValueError.
            with suppress(struct.error):
                super().datagram_received(data, peer)

    async def request(
        self,
        request: stun.Message,
        addr: HostPort,
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, HostPort]:
        """Run a STUN transaction as aioice does, and record our mapped address."""
        try:
            answer = await super().request(request, addr, integrity_key, retransmissions)
        except stun.TransactionFailed as refused:
            if refused.response.error_code == 487 and not self._owner.may_change_role():
                raise stun.TransactionError from refused
            raise
        mapped = answer[0].attributes.get("XOR-MAPPED-ADDRESS")
        if mapped is not None:
            self.mapped[addr] = mapped
        return answer


OnMedia: TypeAlias = Callable[[bytes, IceSocket, HostPort], None]
"""Gets SRTP or SRTCP, the socket that it arrived at, and the address that sent it."""
