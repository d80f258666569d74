"""A socket of ICE, as aioice has it: what arrives is sorted, what is asked is noted."""

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol, cast

from aioice import ice, stun

from sipcli.media.webrtc.candidates import Address

LARGEST_DATAGRAM: Final = 2048
"""Bytes. asyncio's 256 KiB for each read would cost more than all the rest of a packet's way."""

LARGEST_STUN: Final = 1500
"""Bytes; a STUN message fits into one packet (RFC 8489 §6.1)."""

_MEDIA = range(128, 192)
_DTLS = range(20, 64)
_STUN = range(4)
"""First bytes of what shares the socket (RFC 7983 §7)."""


class SocketOwner(Protocol):
    """What a socket needs of the agent that it belongs to (ice.IceAgent)."""

    on_media: Callable[[bytes], None]
    """Gets SRTP and SRTCP."""
    peers: set[Address]
    """Where media may come from."""

    def dtls_received(self, data: bytes, peer: Address) -> None:
        """Take a DTLS datagram."""

    def may_change_role(self) -> bool:
        """Whether another role conflict is believed."""


class IceSocket(ice.StunProtocol):
    """A UDP socket or a TURN allocation, shared by checks, DTLS and media."""

    def __init__(self, owner: SocketOwner) -> None:
        super().__init__(cast(Any, owner))  # aioice asks for a Connection
        self._owner = owner
        self.mapped: dict[Address, Address] = {}
        """The address that we have in the eyes of a peer or server, by theirs."""
        self.servers: dict[Address, Callable[[bytes], None]] = {}
        """STUN servers that are spoken to by DTLS, and who takes what each of them sends."""

    def belong_to(self, owner: SocketOwner) -> None:
        """Give what arrives to another agent from now on."""
        self.receiver = cast(Any, owner)
        self._owner = owner

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """Sort one datagram by its first byte; whatever it holds, nothing is raised."""
        data = cast(bytes, data)
        first = data[0] if data else -1
        peer = addr if len(addr) == 2 else addr[:2]
        if first in _MEDIA:
            if peer in self._owner.peers:
                self._owner.on_media(data)
        elif first in _DTLS:
            taker = self.servers.get(peer)
            if taker is None:
                self._owner.dtls_received(data, peer)
            else:
                taker(data)
        elif first in _STUN and len(data) <= LARGEST_STUN:
            # An attribute of a wrong length makes aioice raise this besides ValueError.
            with suppress(struct.error):
                super().datagram_received(data, peer)

    async def request(
        self,
        request: stun.Message,
        addr: Address,
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, Address]:
        """Run a STUN transaction as aioice does, and note where we were seen from."""
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
