"""ICE restarts: the way changes, the keys and the talk stay."""

import asyncio
from dataclasses import replace

import pytest

from sipcli.errors import Phase
from sipcli.media.webrtc.errors import IceFailed
from sipcli.media.webrtc.ice import IceAgent
from sipcli.sdp.transport import DtlsRole, LocalTransport, RemoteTransport
from tests.event_loop import now, settle
from tests.media.transport.transport_pair import ALICE, BOB, Party, connected, exchange, remote, rtp

pytestmark = pytest.mark.virtual_time


async def restart(alice: Party, bob: Party) -> None:
    """Restart both ends, as a re-INVITE and its answer would."""
    ours, theirs = await asyncio.gather(alice.transport.restart(), bob.transport.restart())
    await asyncio.gather(
        alice.transport.restart_with(remote(theirs)), bob.transport.restart_with(remote(ours))
    )


async def test_a_restart_changes_the_pair_and_nothing_else() -> None:
    async with connected() as (alice, bob):
        before, keys = alice.transport.selected_pair, alice.transport.protection
        begin = now()
        await restart(alice, bob)
        assert now() - begin < 0.1
        assert alice.transport.selected_pair != before
        assert alice.transport.protection == keys
        assert len(alice.connections) == 2
        await exchange(alice, bob, 2)


async def test_a_restart_has_new_credentials() -> None:
    async with connected() as (alice, _):
        first, second = await alice.transport.restart(), await alice.transport.restart()
        assert first.ufrag != second.ufrag
        assert first.pwd != second.pwd
        assert first.fingerprint == second.fingerprint
        assert {c.port for c in first.candidates}.isdisjoint(c.port for c in second.candidates)


async def test_no_packet_is_lost_while_the_ends_change_over_one_after_the_other() -> None:
    async with connected() as (alice, bob):
        sent = 0

        def talk() -> None:
            nonlocal sent
            sent += 1
            alice.transport.send_rtp(rtp(sent))
            bob.transport.send_rtp(rtp(sent))

        talk()
        ours, theirs = await alice.transport.restart(), await bob.transport.restart()
        talk()
        alone = asyncio.create_task(alice.transport.restart_with(remote(theirs)))
        for _ in range(20):
            await asyncio.sleep(0.02)
            talk()
        changing = asyncio.create_task(bob.transport.restart_with(remote(ours)))
        while not (alone.done() and changing.done()):
            await asyncio.sleep(0)
            talk()
        talk()
        await asyncio.sleep(5)
        assert alice.rtp == bob.rtp == [rtp(n) for n in range(1, sent + 1)]


def is_open(agent: IceAgent) -> bool:
    return bool(agent._protocols)  # noqa: SLF001


async def test_the_old_sockets_are_closed_soon_after() -> None:
    async with connected() as (alice, bob):
        old = alice.agent
        await restart(alice, bob)
        await asyncio.sleep(1.9)
        assert is_open(old)
        await asyncio.sleep(0.2)
        assert not is_open(old)
        await exchange(alice, bob, 2)


async def test_the_old_way_is_no_loss_any_more_once_there_is_a_new_one() -> None:
    async with connected() as (alice, bob):
        old = alice.agent
        old.on_lost("first")
        await restart(alice, bob)
        old.on_lost("second")
        assert [loss.reason for loss in alice.losses] == ["first"]


async def test_closing_does_not_wait_for_what_is_still_on_its_way() -> None:
    async with connected() as (alice, bob):
        await restart(alice, bob)
        begin = now()
        await asyncio.gather(alice.transport.close(), bob.transport.close())
        assert now() - begin < 0.1


@pytest.mark.parametrize("stays", [5, 60])
async def test_the_old_sockets_stay_open_while_media_comes_their_way(stays: int) -> None:
    """At most 12 s; `stays` is how long the far end goes on the old way, in seconds."""

    async with connected() as (alice, bob):
        old = alice.agent
        ours, theirs = await asyncio.gather(alice.transport.restart(), bob.transport.restart())
        lazy = bob.transport._next  # noqa: SLF001
        assert lazy is not None
        await asyncio.gather(
            alice.transport.restart_with(remote(theirs)),
            lazy.establish(remote(ours), controlling=False),
        )
        begin = now()
        await asyncio.sleep(0.1)  # out of step with what is to come
        for n in range(2 * stays):
            bob.transport.send_rtp(rtp(n))
            await asyncio.sleep(0.5)
            assert is_open(old) is (now() - begin < 12)
        await asyncio.sleep(2)
        assert not is_open(old)
        assert len(alice.rtp) == 2 * min(stays, 12)


async def test_a_restart_that_finds_no_way_leaves_the_old_one_open() -> None:
    async with connected() as (alice, bob):
        await alice.transport.restart()
        theirs = await bob.transport.restart()
        dead = remote(theirs)
        begin = now()
        with pytest.raises(IceFailed) as caught:
            await alice.transport.restart_with(dead)
        assert now() - begin == pytest.approx(12.0, abs=0.1)
        assert caught.value.phase is Phase.ICE
        await exchange(alice, bob, 2)
        await restart(alice, bob)
        await exchange(alice, bob, 3)


async def test_a_restart_that_the_far_end_did_not_want_is_dropped() -> None:
    async with connected() as (alice, bob):
        await alice.transport.restart()
        await alice.transport.cancel_restart()
        await exchange(alice, bob, 2)
        await restart(alice, bob)
        await exchange(alice, bob, 3)


async def one_sided() -> tuple[Party, Party, LocalTransport]:
    """Two parties with an open way, and what the first has told of itself."""
    alice, bob = Party(ALICE), Party(BOB)
    ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
    await asyncio.gather(alice.start(theirs, controlling=True), bob.start(ours, DtlsRole.SERVER))
    return alice, bob, ours


async def test_only_the_far_end_may_change_its_addresses() -> None:
    alice, bob, ours = await one_sided()
    theirs = await bob.transport.restart()
    await asyncio.gather(
        alice.transport.restart_with(remote(theirs)), bob.transport.restart_with(remote(ours))
    )
    await exchange(alice, bob, 2)
    assert alice.transport.selected_pair is not None
    assert alice.transport.selected_pair[1].port in {c.port for c in theirs.candidates}
    await restart(alice, bob)
    await exchange(alice, bob, 3)
    await asyncio.gather(alice.transport.close(), bob.transport.close())
    await settle()


async def test_where_its_new_addresses_do_not_answer_the_old_way_stays() -> None:
    alice, bob, _ = await one_sided()
    lost = replace(remote(await bob.transport.restart()), ufrag="else")
    for sequence in (2, 3):
        with pytest.raises(IceFailed):
            await alice.transport.restart_with(lost)
        await asyncio.sleep(30)
        assert not alice.losses
        await exchange(alice, bob, sequence)
    await asyncio.gather(alice.transport.close(), bob.transport.close())
    await settle()


@pytest.mark.parametrize("gathers", [False, True])
async def test_another_far_end_may_take_the_place_of_the_first(gathers: bool) -> None:
    alice, bob, ours = await one_sided()
    carol = Party(BOB)
    if gathers:
        ours = await alice.transport.restart()
    theirs = await carol.transport.gather()
    await alice.transport.begin_anew()
    assert not alice.transport.is_up
    assert alice.transport.unopened is not None
    await asyncio.gather(alice.start(theirs, controlling=True), carol.start(ours, DtlsRole.SERVER))
    await exchange(alice, carol, 2)
    bob.transport.send_rtp(rtp(9))
    await exchange(alice, carol, 3)
    await restart(alice, carol)
    await exchange(alice, carol, 4)
    await asyncio.gather(*(each.transport.close() for each in (alice, bob, carol)))
    await settle()


async def test_the_end_comes_in_the_middle_of_a_restart_too() -> None:
    async with connected() as (alice, bob):
        await alice.transport.restart()
        theirs = await bob.transport.restart()
        changing = asyncio.create_task(alice.transport.restart_with(remote(theirs)))
        await asyncio.sleep(1)
        begin = now()
        await alice.transport.close()
        assert now() - begin < 0.5
        with pytest.raises(IceFailed):
            await changing
        await settle()


async def test_a_restart_that_is_cancelled_leaves_nothing() -> None:
    async with connected() as (alice, bob):
        await alice.transport.restart()
        theirs = await bob.transport.restart()
        changing = asyncio.create_task(alice.transport.restart_with(remote(theirs)))
        await asyncio.sleep(1)
        changing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await changing
        await exchange(alice, bob, 2)


async def test_a_peer_at_another_address_is_followed() -> None:
    def only_ipv6(local: LocalTransport) -> RemoteTransport:
        here = tuple(c for c in local.candidates if c.address == "::1")
        return remote(replace(local, candidates=here))

    async with connected() as (alice, bob):
        assert alice.connections[0].remote.address == "127.0.0.1"
        ours, theirs = await asyncio.gather(alice.transport.restart(), bob.transport.restart())
        await asyncio.gather(
            alice.transport.restart_with(only_ipv6(theirs)),
            bob.transport.restart_with(only_ipv6(ours)),
        )
        assert alice.connections[1].remote.address == "::1"
        await exchange(alice, bob, 2)
