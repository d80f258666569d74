"""Forks, early media, and offers that cannot be used or are refused."""

import asyncio

import pytest

from sipcli.core.calls.events import CallEvent, RemoteOffer
from sipcli.phone.events import (
    Answered,
    CallEnded,
    Held,
    Incoming,
    Media,
    Warned,
)
from sipcli.sdp.description import Direction
from sipcli.sip.uri import SipUri
from tests.media.session.ends import ends
from tests.phone.phones_world import (
    early_answer,
    in_a_call,
    nowhere,
    refuse_offers,
    ring_both,
    say,
    town,
)

pytestmark = pytest.mark.virtual_time

# Forks and early media


async def test_the_fork_that_answers_has_the_call() -> None:
    async with town() as (alice, bob, carol):
        ring_both(bob, carol)
        carol.answers = False
        await alice.calls("bob")
        await bob.event(Incoming)
        await asyncio.gather(alice.hears(), bob.hears())


async def test_early_media_are_heard_and_go_on_after_the_answer() -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        await alice.calls("bob")
        call, answer = await early_answer(bob)
        say(bob, call, 183, answer)
        assert (await alice.event(Media)).state == "connected"
        assert not alice.told(Answered)
        say(bob, call, 200, answer)
        await alice.event(Answered)
        assert len(alice.told(Media)) == 1


async def test_another_fork_may_answer_than_the_one_with_early_media() -> None:
    async with town() as (alice, bob, carol):
        ring_both(bob, carol)
        bob.answers = carol.answers = False
        await alice.calls("bob")
        call, answer = await early_answer(carol)
        say(carol, call, 183, answer)
        assert (await alice.event(Media)).state == "connected"
        await bob.event(Incoming)
        bob.rings[0].answer()
        await asyncio.gather(alice.hears(), bob.hears())


async def test_early_media_that_fail_do_not_end_what_rings() -> None:
    async with town() as (alice, bob, _), ends() as (other, _):
        bob.answers = False
        ours = await alice.calls("bob")
        await bob.event(Incoming)
        offer = bob.offers[-1]
        assert offer is not None
        other.session.receive_offer(offer)
        say(bob, bob.rings[0], 183, nowhere(await other.session.answer(Direction.SENDRECV)))
        assert "before the answer" in (await alice.event(Warned)).text
        assert not ours.is_over
        bob.rings[0].answer()
        await asyncio.gather(alice.hears(), bob.hears())
        assert ours.media_failure is None


async def test_an_answer_that_leads_nowhere_leaves_the_media_that_work() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        as_ever = bob.signalling.behave

        async def answer(offer: bytes) -> None:
            theirs.media.receive_offer(offer)
            moved = nowhere(await theirs.media.answer(Direction.SENDRECV))
            with bob.step() as (agent, now):
                agent.calls.answer(theirs.id, moved, now)

        def behave(event: CallEvent) -> None:
            if isinstance(event, RemoteOffer) and event.body is not None:
                bob.signalling.behave = as_ever
                bob.spawn(answer(event.body))
            else:
                as_ever(event)

        bob.signalling.behave = behave
        ours.hold()
        assert (await alice.event(Held)).by == "local"
        assert "ICE restart failed" in (await alice.event(Warned)).text
        ours.resume()
        await asyncio.gather(alice.hears(), bob.hears())


async def test_an_answer_that_cannot_be_used_ends_the_call() -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        ours = await alice.calls("bob")
        call, _ = await early_answer(bob)
        say(bob, call, 200, b"v=0 nonsense")
        await ours.over()
        assert "cannot be used" in str(ours.media_failure)
        assert (await alice.event(CallEnded)).by == "network"


async def test_an_offer_that_cannot_be_used_is_refused_with_the_reason() -> None:
    async with town() as (alice, bob, _):
        with alice.step() as (agent, now):
            agent.calls.invite(SipUri.parse("sip:bob@example.com"), b"v=0 nonsense", now)
        ended = await bob.event(CallEnded)
        assert ended.status == 488
        assert bob.rings == []


# Changes that come to nothing


async def test_a_hold_that_is_refused_leaves_the_call_as_it_was() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        refuse_offers(bob)
        ours.hold()
        assert "refused" in (await alice.event(Warned)).text
        assert not ours.is_held
        await asyncio.gather(alice.hears(), bob.hears())
        assert not alice.told(Held)


async def test_an_offer_that_their_nonsense_meets_changes_nothing() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        with bob.step() as (agent, now):
            agent.calls.offer(ours.id, b"v=0 nonsense", now)
        await asyncio.sleep(1)
        await asyncio.gather(alice.hears(), bob.hears())
