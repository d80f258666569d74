"""Behind a NAT: what the far end sees of us is what we say of ourselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.sdp.transport import CandidateType, DtlsRole
from tests.media.transport.fake_servers import Address, FakeStun, serving
from tests.media.transport.transport_pair import Party, exchange

pytestmark = pytest.mark.virtual_time


class _Side(asyncio.DatagramProtocol):
    """One socket of the NAT: what it gets leaves through the other, for `goal`."""

    other: "_Side"
    goal: Address | None = None
    transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.address: Address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if self.goal is None:
            self.goal = (addr[0], addr[1])
        if self.other.goal is not None:
            self.other.transport.sendto(data, self.other.goal)


@asynccontextmanager
async def nat() -> AsyncIterator[tuple[_Side, _Side]]:
    """The inner side, which alice sends to, and the outer side, which bob sees."""
    loop = asyncio.get_running_loop()
    _, inner = await loop.create_datagram_endpoint(_Side, ("127.0.0.1", 0))
    _, outer = await loop.create_datagram_endpoint(_Side, ("127.0.0.1", 0))
    inner.other, outer.other = outer, inner
    try:
        yield inner, outer
    finally:
        inner.transport.close()
        outer.transport.close()


@pytest.mark.parametrize("knows", [True, False], ids=["STUN", "no STUN"])
async def test_our_side_of_the_pair_is_the_address_that_the_far_end_sees(knows: bool) -> None:
    async with nat() as (inner, outer):
        server = FakeStun(outer.address)
        async with serving(server):
            uri = f"stun:127.0.0.1:{server.address[1]}"
            servers = (IceServer.parse(uri),) if knows else ()
            alice, bob = Party(options=IceServers(servers=servers)), Party()
            ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
            there = theirs.candidates[0]
            outer.goal = (there.address, there.port)
            through = replace(there, address=inner.address[0], port=inner.address[1])
            await asyncio.gather(
                alice.start(replace(theirs, candidates=(through,)), controlling=True),
                bob.start(replace(ours, candidates=()), DtlsRole.SERVER),
            )
            await exchange(alice, bob)
            local = alice.connections[0].local
            reflexive = CandidateType.SERVER_REFLEXIVE if knows else CandidateType.PEER_REFLEXIVE
            assert local.type is reflexive
            assert (local.address, local.port) == outer.address
            assert bob.connections[0].remote.port == outer.address[1]
            await asyncio.gather(alice.transport.close(), bob.transport.close())
