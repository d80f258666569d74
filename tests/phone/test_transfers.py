"""Calls that are transferred, and those that come of a transfer."""

import asyncio

import pytest

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.core.calls.gate import NO_ROOM
from sipcli.errors import RefusedError
from sipcli.phone.events import (
    Answered,
    Held,
    Incoming,
    TransferDecided,
    TransferProgress,
    TransferRequested,
)
from sipcli.sip.uri import SipUri
from tests.phone.phones_world import (
    in_a_call,
    town,
)

pytestmark = pytest.mark.virtual_time

CAROL = SipUri.parse("sip:carol@example.com")
ACCEPT = PeerPolicy(Permission.ACCEPT)


async def test_a_transfer_leads_to_the_other_and_ends_the_first_call() -> None:
    async with town(transfers=ACCEPT) as (alice, bob, carol):
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        await carol.event(Incoming)
        await asyncio.gather(alice.hears(), carol.hears())
        await asyncio.gather(ours.over(), theirs.over())
        assert bob.told(TransferProgress)[-1].status == 200
        assert len(alice.call_manager.calls) == 1


async def test_who_transfers_may_hang_up_at_once() -> None:
    async with town(transfers=ACCEPT) as (alice, bob, carol):
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        await bob.event(TransferProgress)
        theirs.hang_up()
        await ours.over()
        everything = asyncio.ensure_future(alice.call_manager.all_over())
        await carol.event(Incoming)
        await asyncio.gather(alice.hears(), carol.hears())
        assert not everything.done()
        carol.rings[0].hang_up()
        await everything


@pytest.mark.parametrize("stage", ["accepted", "ringing", "answered"])
async def test_a_call_ends_with_all_that_came_of_it_at_whatever_stage(stage: str) -> None:
    async with town(transfers=ACCEPT) as (alice, bob, carol):
        carol.answers = False
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        await alice.event(TransferDecided)
        if stage != "accepted":
            await carol.event(Incoming)
        if stage == "answered":
            carol.rings[-1].answer()
            await carol.event(Answered)
            await ours.over()
        alice.call_manager.end(ours)
        async with asyncio.timeout(5):
            await alice.call_manager.over(ours)
        await asyncio.sleep(60)
        assert alice.call_manager.calls == ()
        assert len(carol.rings) == (stage != "accepted")
        assert all(ring.is_over for ring in carol.rings)


async def test_another_call_goes_on_when_one_ends_with_all_that_came_of_it() -> None:
    async with town(transfers=ACCEPT) as (alice, bob, carol):
        other, _ = await in_a_call(alice, carol)
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        await carol.event(Incoming, 2)
        await ours.over()
        alice.call_manager.end(ours)
        await alice.call_manager.over(ours)
        assert alice.call_manager.calls == (other,)


async def test_a_call_that_takes_the_place_of_another_goes_on_with_it() -> None:
    async with town(transfers=ACCEPT) as (alice, bob, carol):
        _, theirs = await in_a_call(alice, bob)
        consultation, _ = await in_a_call(bob, carol)
        first = carol.rings[0]
        theirs.transfer(consultation)
        await carol.event(Incoming, 2)
        await asyncio.gather(alice.hears(), carol.hears())
        await first.over()
        assert carol.rings[1].came_of == first.id
        carol.call_manager.end(first)
        await carol.call_manager.over(first)
        assert carol.call_manager.calls == ()


async def test_an_attended_transfer_joins_the_other_two() -> None:
    async with town(transfers=ACCEPT) as (alice, bob, carol):
        _, theirs = await in_a_call(alice, bob)
        theirs.hold()
        await bob.event(Held)
        consultation, _ = await in_a_call(bob, carol)
        theirs.transfer(consultation)
        await carol.event(Incoming, 2)
        assert carol.rings[-1].replaces_call
        await asyncio.gather(alice.hears(), carol.hears())
        await asyncio.gather(theirs.over(), consultation.over())


async def test_the_call_that_is_talked_on_is_the_current_one() -> None:
    async with town() as (alice, bob, carol):
        first, _ = await in_a_call(alice, bob)
        assert alice.call_manager.current is first
        first.hold()
        await alice.event(Held)
        assert alice.call_manager.current is first
        second, _ = await in_a_call(alice, carol)
        assert alice.call_manager.current is second
        second.hang_up()
        await second.over()
        assert alice.call_manager.current is first


async def test_a_transfer_waits_for_whoever_leads_the_call() -> None:
    async with town() as (alice, bob, carol):
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        asked = await alice.event(TransferRequested)
        assert (asked.call, str(asked.target)) == (ours.id, str(CAROL))
        assert alice.call_manager.asking is ours
        await asyncio.sleep(5)
        assert carol.told(Incoming) == []
        new = await ours.accept_transfer()
        assert new.transfer_of == ours.id
        assert alice.call_manager.asking is None
        await asyncio.gather(alice.hears(), carol.hears())
        await ours.over()


async def test_a_transfer_that_is_declined_leaves_the_call_as_it_is() -> None:
    async with town() as (alice, bob, carol):
        ours, theirs = await in_a_call(alice, bob)
        for is_declined in (True, False):  # the second one just runs out
            theirs.transfer(CAROL)
            count = len(alice.told(TransferDecided)) + 1
            await alice.event(TransferRequested, count)
            if is_declined:
                ours.refuse_transfer()
            told = await alice.event(TransferDecided, count)
            assert (told.decision, told.status) == ("refused", 603)
            assert (await bob.event(TransferProgress, count)).status == 603
        assert carol.told(Incoming) == []
        assert alice.call_manager.asking is None
        with pytest.raises(RefusedError, match="no transfer is waiting"):
            ours.accept_transfer()
        await asyncio.gather(alice.hears(), bob.hears())


async def test_a_question_ends_with_its_call() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        await alice.event(TransferRequested)
        theirs.hang_up()
        await ours.over()
        with pytest.raises(RefusedError, match="no transfer is waiting"):
            ours.accept_transfer()


async def test_what_max_calls_leaves_no_room_for_is_not_placed() -> None:
    async with town(transfers=ACCEPT, max_calls=1) as (alice, bob, carol):
        _, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        told = await alice.event(TransferDecided)
        assert (told.decision, told.status, told.reason) == ("refused", 486, NO_ROOM)
        await asyncio.sleep(5)
        assert carol.told(Incoming) == []
