"""STUN and TURN servers of a few lines, which do what a test asks of them, wrong things too."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

from aioice import stun

Address = tuple[str, int]


class FakeStun(asyncio.DatagramProtocol):
    """Says what `mapped` is set to; None says the truth. `mute` says nothing."""

    def __init__(
        self, mapped: Address | None = None, *, mute: bool = False, error: int | None = None
    ) -> None:
        self.mapped = mapped
        self.mute = mute
        self.error = error
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    @property
    def address(self) -> Address:
        """Where it listens."""
        host, port = self.transport.get_extra_info("sockname")[:2]
        return host, port

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.requests += 1
        if not self.mute:
            request = stun.parse_message(data)
            self.transport.sendto(bytes(self.answer(request, (addr[0], addr[1]))), addr)

    def answer(self, request: stun.Message, client: Address) -> stun.Message:
        """The response to a request."""
        kind = stun.Class.RESPONSE if self.error is None else stun.Class.ERROR
        response = stun.Message(request.message_method, kind, request.transaction_id)
        if self.error is not None:
            response.attributes["ERROR-CODE"] = (self.error, "No")
        elif self.mapped != ("", 0):
            response.attributes["XOR-MAPPED-ADDRESS"] = self.mapped or client
        return response


class FakeTurn(FakeStun):
    """Relays for one client without asking who it is; `methods` notes what it was asked."""

    def __init__(self, *, mute: bool = False, error: int | None = None) -> None:
        super().__init__(mute=mute, error=error)
        self.methods: list[stun.Method] = []
        self.channels: dict[int, Address] = {}
        self.client: Address | None = None
        self.relay: asyncio.DatagramTransport | None = None
        self.frugal = False
        """Whether the answer to an allocation lacks the address."""
        self.lends: Address | None = None
        """The relayed address that it tells; None for the true one."""
        self.lifetimes: tuple[int, int] = (600, 600)
        """Seconds that an allocation is granted, and that a refresh is."""
        self.stale: set[stun.Method] = set()
        """Methods that are always answered with 438 and another nonce."""

    async def open_relay(self) -> None:
        """Open the socket that peers see."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Relay(self), local_addr=("127.0.0.1", 0)
        )
        self.relay = transport

    @property
    def relayed(self) -> Address:
        """What peers see."""
        if self.relay is None:
            raise RuntimeError("there is no relay")
        host, port = self.relay.get_extra_info("sockname")
        return host, port

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if self.mute:
            return
        if data[0] & 0xC0 == 0x40:
            channel, length = struct.unpack_from("!HH", data)
            if self.relay is not None and channel in self.channels:
                self.relay.sendto(data[4 : 4 + length], self.channels[channel])
            return
        self.client = (addr[0], addr[1])
        super().datagram_received(data, addr)

    def answer(self, request: stun.Message, client: Address) -> stun.Message:
        """The response to a request of TURN."""
        self.methods.append(request.message_method)
        if request.message_method in self.stale:
            return self._challenge(request)
        response = super().answer(request, client)
        if self.error is None and request.message_method is stun.Method.ALLOCATE:
            response.attributes["LIFETIME"] = self.lifetimes[0]
            if not self.frugal:
                response.attributes["XOR-RELAYED-ADDRESS"] = self.lends or self.relayed
        elif self.error is None and request.message_method is stun.Method.REFRESH:
            response.attributes["LIFETIME"] = min(self.lifetimes[1], request.attributes["LIFETIME"])
        elif request.message_method is stun.Method.CHANNEL_BIND:
            peer = request.attributes["XOR-PEER-ADDRESS"]
            self.channels[request.attributes["CHANNEL-NUMBER"]] = peer
        return response

    def _challenge(self, request: stun.Message) -> stun.Message:
        code = 438 if "NONCE" in request.attributes else 401
        response = stun.Message(request.message_method, stun.Class.ERROR, request.transaction_id)
        response.attributes["ERROR-CODE"] = (code, "No")
        response.attributes["REALM"] = "lab.test"
        response.attributes["NONCE"] = str(len(self.methods)).encode()
        return response

    def from_peer(self, data: bytes, peer: Address) -> None:
        """Pass on what a peer sent to the relayed address."""
        for channel, bound in self.channels.items():
            if bound == peer and not self.mute:
                framed = struct.pack("!HH", channel, len(data)) + data
                self.transport.sendto(framed, self.client)


class _Relay(asyncio.DatagramProtocol):
    def __init__(self, server: FakeTurn) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._server.from_peer(data, (addr[0], addr[1]))


def _itself(server: FakeStun) -> FakeStun:
    return server


@asynccontextmanager
async def serving(*servers: FakeStun) -> AsyncIterator[None]:
    """Each server at a free port of 127.0.0.1."""
    loop = asyncio.get_running_loop()
    for server in servers:
        await loop.create_datagram_endpoint(partial(_itself, server), ("127.0.0.1", 0))
        if isinstance(server, FakeTurn):
            await server.open_relay()
    try:
        yield
    finally:
        for server in servers:
            server.transport.close()
            if isinstance(server, FakeTurn) and server.relay is not None:
                server.relay.close()
        await asyncio.sleep(0)
