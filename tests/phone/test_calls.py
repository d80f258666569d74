"""Calls from their INVITE to their end: what is told, what is heard, what is left."""

import asyncio

import pytest

from sipcli.phone.events import (
    Answered,
    CallEnded,
    Calling,
    Dtmf,
    Held,
    Incoming,
    Media,
    Progress,
    Resumed,
    Warned,
)
from tests.phone.phones_world import in_a_call, town

pytestmark = pytest.mark.virtual_time


async def test_two_people_hear_each_other_until_one_hangs_up() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        assert (ours.codec, theirs.codec) == ("opus", "opus")
        ours.hang_up()
        await asyncio.gather(ours.over(), theirs.over())
        assert [type(event) for event in alice.events] == [
            Calling,
            Progress,
            Answered,
            Media,
            CallEnded,
        ]
        told = await bob.event(CallEnded)
        assert (told.by, told.call) == ("remote", ours.id)
        assert told.stats is not None
        assert told.stats.packets_received > 0


async def test_another_thread_may_ask_how_long_a_call_lasts() -> None:
    """The status line is drawn in a thread of its own."""
    async with town() as (alice, bob, _):
        for call in await in_a_call(alice, bob):
            assert await asyncio.to_thread(lambda call=call: call.duration_s) > 0  # type: ignore[misc]


async def test_a_caller_that_gives_up_leaves_nothing() -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        call = await alice.calls("bob")
        await bob.event(Incoming)
        call.hang_up()
        await asyncio.gather(call.over(), bob.rings[0].over())
        assert (await alice.event(CallEnded)).status == 487
        assert not call.is_answered


async def test_a_call_that_is_refused_says_so() -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        call = await alice.calls("bob")
        await bob.event(Incoming)
        bob.rings[0].reject(486)
        await call.answered_or_over()
        ended = await alice.event(CallEnded)
        assert (ended.status, ended.by, ended.stats) == (486, "remote", None)


async def test_a_call_that_nobody_answers_ends_with_408() -> None:
    async with town(no_answer_timeout=5) as (alice, bob, _):
        bob.answers = False
        await alice.calls("bob")
        assert (await alice.event(CallEnded)).status == 408


async def test_answering_twice_is_answering_once() -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        await alice.calls("bob")
        await bob.event(Incoming)
        bob.rings[0].answer()
        bob.rings[0].answer()
        await asyncio.gather(alice.hears(), bob.hears(ear=0))


async def test_answering_what_is_over_closes_the_sound() -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        call = await alice.calls("bob")
        await bob.event(Incoming)
        call.hang_up()
        await bob.rings[0].over()
        bob.rings[0].answer()


@pytest.mark.parametrize("turns", range(0, 30, 3))
async def test_placing_a_call_may_be_cancelled_at_any_moment(turns: int) -> None:
    async with town() as (alice, _, _):
        placing = asyncio.ensure_future(alice.calls("bob"))
        for _ in range(turns):
            await asyncio.sleep(0)
        placing.cancel()
        await asyncio.wait([placing])


async def test_without_a_connection_a_call_ends_at_once() -> None:
    async with town() as (alice, _, _):
        alice.signalling.disconnect()
        call = await alice.calls("bob")
        await call.over()
        ended = await alice.event(CallEnded)
        assert (ended.by, ended.status) == ("network", None)


# Hold


async def test_hold_and_resume_are_told_on_both_sides() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        ours.hold()
        assert (await alice.event(Held)).by == "local"
        assert (await bob.event(Held)).by == "remote"
        assert theirs.is_held_by_remote
        ours.resume()
        assert (await alice.event(Resumed)).by == "local"
        assert (await bob.event(Resumed)).by == "remote"
        await asyncio.gather(alice.hears(), bob.hears())


async def test_a_change_of_mind_while_the_offer_is_out_is_made_up_for() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        ours.hold()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ours.resume()
        await bob.event(Resumed)
        await alice.event(Resumed)
        assert not ours.is_held
        assert not theirs.is_held_by_remote
        await asyncio.gather(alice.hears(), bob.hears())


async def test_both_may_hold_at_the_same_time() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        ours.hold()
        theirs.hold()
        await alice.event(Held, 2)
        await bob.event(Held, 2)
        ours.resume()
        theirs.resume()
        await alice.event(Resumed, 2)
        await bob.event(Resumed, 2)
        await asyncio.gather(alice.hears(), bob.hears())


async def test_a_hold_right_after_the_answer_waits_for_the_ack() -> None:
    async with town() as (alice, bob, _):
        await alice.calls("bob")
        await bob.event(Answered)
        bob.rings[0].hold()
        assert (await alice.event(Held)).by == "remote"


async def test_being_on_hold_for_long_is_no_loss() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        ours.hold()
        theirs.hold()
        await alice.event(Held, 2)
        await asyncio.sleep(30)
        assert not ours.is_over
        assert not alice.told(Warned)


# Digits


async def test_digits_are_told_on_both_sides() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        ours.send_dtmf("12")
        assert [(await alice.event(Dtmf, n)).digit for n in (1, 2)] == ["1", "2"]
        heard = await bob.event(Dtmf, 2)
        assert (heard.digit, heard.direction, heard.method) == ("2", "received", "rtp")


async def test_digits_by_info_keep_their_order_however_they_are_sent() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        ours.send_dtmf("1w2", "info")
        ours.send_dtmf("3", "info")
        await bob.event(Dtmf, 3)
        assert [event.digit for event in bob.told(Dtmf)] == ["1", "2", "3"]
        assert (await alice.event(Dtmf, 3)).method == "info"


async def test_digits_go_by_info_while_the_far_end_holds_us() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        theirs.hold()
        await alice.event(Held)
        ours.send_dtmf("5")
        assert (await bob.event(Dtmf)).method == "info"
        ours.send_dtmf("5", "rtp")
        assert "no digits" in (await alice.event(Warned)).text
