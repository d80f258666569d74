"""What a call has used is given back: tasks, sockets, threads; however it ends."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Coroutine

import pytest

from sipcli.media.transport.ice_servers import IceServer, IceServers
from tests.event_loop import settle
from tests.media.transport.fake_servers import FakeTurn, serving
from tests.media.transport.transport_pair import Party, connect, connected, exchange, remote
from tests.open_files import open_files

pytestmark = pytest.mark.virtual_time


def used() -> tuple[int, int, int]:
    """Tasks, threads and files in use; without the help of the garbage collector."""
    return len(asyncio.all_tasks()), threading.active_count(), len(open_files())


async def relayed_options(server: FakeTurn) -> IceServers:
    uri = f"turn:127.0.0.1:{server.address[1]}"
    return IceServers(servers=(IceServer.parse(uri, "alice", "secret"),))


async def test_50_transports_leave_nothing_behind() -> None:
    server = FakeTurn()
    async with serving(server):
        options = await relayed_options(server)

        async def call() -> None:
            alice, bob = Party(options=options), Party()
            await connect(alice, bob)
            await exchange(alice, bob)
            await asyncio.gather(alice.transport.close(), bob.transport.close())
            await settle()

        await call()
        before = used()
        for _ in range(24):
            await call()
        assert used() == before


async def test_a_closed_transport_is_freed() -> None:
    async def call() -> list[weakref.ref[object]]:
        async with connected() as parties:
            parts = [(each, each.transport, each.agent) for each in parties]
            return [weakref.ref(part) for each in parts for part in each]

    parts = await call()
    await settle()
    gc.collect()
    assert [part() for part in parts] == [None] * 6


async def gathering(party: Party, peer: Party) -> None:
    await party.transport.gather()


async def starting(party: Party, peer: Party) -> None:
    await connect(party, peer)


async def restarting(party: Party, peer: Party) -> None:
    await connect(party, peer)
    ours, theirs = await asyncio.gather(party.transport.restart(), peer.transport.restart())
    await asyncio.gather(
        party.transport.restart_with(remote(theirs)), peer.transport.restart_with(remote(ours))
    )


async def closing(party: Party, peer: Party) -> None:
    await connect(party, peer)
    await party.transport.close()


@pytest.mark.parametrize("work", [gathering, starting, restarting, closing])
async def test_whatever_is_cancelled_whenever_can_be_closed(
    work: Callable[[Party, Party], Coroutine[None, None, None]],
) -> None:
    """Cancels `work` after one turn of the loop, then after two, …, until it gets done."""

    server = FakeTurn()
    async with serving(server):
        options = await relayed_options(server)
        before = used()
        turns = 0
        done = False
        while not done:
            turns += 1
            alice, bob = Party(options=options), Party(options=options)
            task = asyncio.create_task(work(alice, bob))
            for _ in range(turns):
                await asyncio.sleep(0)
            done = task.done()
            task.cancel()
            outcome = (await asyncio.gather(task, return_exceptions=True))[0]
            assert outcome is None or isinstance(outcome, asyncio.CancelledError)
            await asyncio.gather(alice.transport.close(), bob.transport.close())
            await settle()
            assert used() == before, f"after {turns} turns"
        assert turns > 2


async def test_closing_at_the_moment_of_connecting_leaves_no_watch_over_consent() -> None:
    alice, bob = Party(), Party()
    await connect(alice, bob)
    await asyncio.gather(alice.transport.close(), bob.transport.close())
    before = used()
    # What aioice does last in connecting, though close() had its turn in between.
    late = asyncio.create_task(alice.agent.query_consent())
    await settle()
    assert late.done()
    assert used() == before
