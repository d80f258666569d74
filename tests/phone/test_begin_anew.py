"""Calls whose media lead to somebody else midway: what goes on, and how it ends if nothing does."""

import asyncio
import re
from collections.abc import Callable

import pytest

from sipcli.core.calls.events import CallEvent, RemoteOffer
from sipcli.core.calls.invite_usage import capabilities
from sipcli.core.dialogs.invite_exchange import Failure, InviteExchange
from sipcli.errors import MediaError
from sipcli.media.events import MediaLost
from sipcli.phone import media_supervisor
from sipcli.phone.call import Call
from sipcli.phone.call_stats import call_stats
from sipcli.phone.events import Answered, CallEnded, CallId, Dtmf, Incoming, Media, Warned
from sipcli.sdp.description import Direction
from sipcli.sip.message import Request, Response
from tests.media.session.ends import ends
from tests.phone.phones_world import (
    Person,
    early_answer,
    in_a_call,
    nowhere,
    refuse_offers,
    ring_both,
    say,
    town,
)

pytestmark = pytest.mark.virtual_time

ICE_FAILS = 12.0
RESTART_FAILS = 13.0
"""Seconds that each of them takes."""


def invites(person: Person) -> int:
    """INVITEs that this person has sent, the first one included."""
    return person.signalling.world.carried.count(f"{person.name}>proxy INVITE")


async def turned(alice: Person, bob: Person, carol: Person, *, dead: bool) -> Call:
    """Alice calls: early media of carol, then the answer of bob, leading nowhere if `dead`."""
    ring_both(bob, carol)
    bob.answers = carol.answers = False
    ours = await alice.calls("bob")
    theirs, answer = await early_answer(carol)
    say(carol, theirs, 183, answer)
    await alice.event(Media)
    await asyncio.sleep(1)
    await bob.event(Incoming)
    if dead:
        call, other = await early_answer(bob)
        say(bob, call, 200, nowhere(other))
        call._supervisor.end(0.0)  # noqa: SLF001 - it is alice who has to find out
    else:
        bob.rings[0].answer()
    await alice.event(Answered)
    return ours


async def test_another_fork_is_heard_over_the_sockets_of_the_first_offer() -> None:
    async with town() as (alice, bob, carol):
        ours = await turned(alice, bob, carol, dead=False)
        await asyncio.gather(alice.hears(), bob.hears())
        assert invites(alice) == 1
        assert [event.state for event in alice.told(Media)] == ["connected", "restarted"]
        assert ours.media_failure is None


async def test_the_same_description_under_another_tag_needs_no_new_media() -> None:
    async with town() as (alice, bob, carol):
        ring_both(bob, carol)
        bob.answers = carol.answers = False
        ours = await alice.calls("bob")
        theirs, answer = await early_answer(carol)
        say(carol, theirs, 183, answer)
        await alice.event(Media)
        await bob.event(Incoming)
        say(bob, bob.rings[0], 200, answer)
        await alice.event(Answered)
        await asyncio.sleep(20)
        before = call_stats(ours.media)
        await asyncio.sleep(1)
        after = call_stats(ours.media)
        assert before is not None
        assert after is not None
        assert after.packets_received > before.packets_received + 40
        assert invites(alice) == 1
        assert len(alice.told(Media)) == 1


def refuse(person: Person, event: RemoteOffer) -> None:
    with person.step() as (agent, now):
        agent.calls.refuse_offer(event.call, now)


def answer_without_a_description(person: Person, event: RemoteOffer) -> None:
    with person.step() as (agent, now):
        agent.calls.answer(event.call, b"", now)


def ignore(person: Person, event: RemoteOffer) -> None:
    """Say nothing."""


@pytest.mark.parametrize(
    ("reaction", "at_most"),
    [
        (refuse, ICE_FAILS + 1),
        (answer_without_a_description, ICE_FAILS + 1),
        (ignore, ICE_FAILS + RESTART_FAILS + 1),
    ],
)
async def test_a_call_without_media_that_nobody_mends_ends_as_a_failure(
    reaction: Callable[[Person, RemoteOffer], None], at_most: float
) -> None:
    async with town() as (alice, bob, carol):
        as_ever = bob.signalling.behave

        def behave(event: CallEvent) -> None:
            if isinstance(event, RemoteOffer):
                bob.spawn(react(event))
            else:
                as_ever(event)

        async def react(event: RemoteOffer) -> None:
            reaction(bob, event)

        ours = await turned(alice, bob, carol, dead=True)
        bob.signalling.behave = behave
        async with asyncio.timeout(at_most):
            await ours.over()
        failure = ours.failure
        assert isinstance(failure, MediaError)
        assert failure.exit_code == 7
        assert "no ICE check was answered" in str(failure)
        assert alice.told(Media)[-1].state == "failed"
        assert (await alice.event(CallEnded)).by == "network"
        assert "bob>proxy BYE" not in alice.signalling.world.carried
        assert invites(alice) == 2


async def test_a_call_that_ends_while_its_media_are_sought_was_without_media() -> None:
    async with town() as (alice, bob, carol):
        ours = await turned(alice, bob, carol, dead=True)
        await asyncio.sleep(5)
        ours.hang_up()
        await ours.over()
        assert isinstance(ours.failure, MediaError)


async def test_a_call_that_ends_as_soon_as_its_media_move_is_none_the_worse() -> None:
    async with town() as (alice, bob, carol):
        ours = await turned(alice, bob, carol, dead=True)
        await asyncio.sleep(0.2)
        ours.hang_up()
        await ours.over()
        assert ours.failure is None


def offer_dead_end(person: Person, call: CallId, answer: bytes, number: int) -> None:
    """Offer media of another far end that is not there."""
    offer = nowhere(answer).replace(b"a=ice-ufrag:else", b"a=ice-ufrag:els%d" % number)
    offer = re.sub(rb"(a=fingerprint:sha-256 )..", rb"\g<1>%02X" % number, offer)
    offer = re.sub(rb"a=setup:\S+", b"a=setup:actpass", offer)
    with person.step() as (agent, now):
        agent.calls.offer(call, offer, now)


async def led_nowhere(alice: Person, bob: Person) -> tuple[Call, Call, bytes]:
    """Alice calls, and bob answers with media that lead nowhere; also his true answer."""
    bob.answers = False
    ours = await alice.calls("bob")
    theirs, answer = await early_answer(bob)
    say(bob, theirs, 200, nowhere(answer))
    theirs._supervisor.end(0.0)  # noqa: SLF001 - it is alice who has to find out
    await alice.event(Answered)
    return ours, theirs, answer


async def test_moving_again_and_again_does_not_pass_for_media() -> None:
    async with town() as (alice, bob, _):
        ours, theirs, answer = await led_nowhere(alice, bob)
        for number in range(4):
            await asyncio.sleep(1.5)
            offer_dead_end(bob, theirs.id, answer, number)
        await asyncio.sleep(1)
        assert invites(bob) == 4
        ours.hang_up()
        await ours.over()
        assert isinstance(ours.failure, MediaError)


@pytest.mark.parametrize("was_open", [False, True])
async def test_a_call_that_is_led_to_dead_ends_for_ever_is_given_up(was_open: bool) -> None:
    async with town() as (alice, bob, _):
        if was_open:
            ours, theirs = await in_a_call(alice, bob)
            theirs._supervisor.end(0.0)  # noqa: SLF001
            answer = await theirs.media.offer(Direction.SENDRECV)
            await theirs.media.rollback()
        else:
            ours, theirs, answer = await led_nowhere(alice, bob)
        number, period = 0, 4
        while not ours.is_over:
            assert number * period < media_supervisor.LOST_TIMEOUT_S + 3 * period
            offer_dead_end(bob, theirs.id, answer, number)
            await asyncio.sleep(period)
            number += 1
        assert number * period >= media_supervisor.LOST_TIMEOUT_S
        failure = ours.failure
        assert isinstance(failure, MediaError)
        assert failure.exit_code == 7
        assert "no media opened in 75 s" in str(failure)


@pytest.mark.parametrize("was_open", [False, True])
async def test_early_media_that_end_are_not_told_as_media_that_never_came(was_open: bool) -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        ours = await alice.calls("bob")
        theirs, answer = await early_answer(bob)
        say(bob, theirs, 183, answer if was_open else nowhere(answer))
        if was_open:
            await alice.event(Media)
            ours.media._transports.lost(MediaLost(reason="it is gone"))  # noqa: SLF001
        else:
            await asyncio.sleep(ICE_FAILS + 1)
        (text,) = [one.text for one in alice.told(Warned)]
        start = "no more audio before the answer: " if was_open else "no audio before the answer: "
        assert text.startswith(start)


# What belongs to the call


async def test_figures_and_digits_are_of_the_whole_call() -> None:
    async with town() as (alice, bob, carol):
        ours = await turned(alice, bob, carol, dead=False)
        early = call_stats(ours.media)
        ours.send_dtmf("12")
        await asyncio.gather(alice.hears(), bob.hears())
        assert [(await bob.event(Dtmf, n)).digit for n in (1, 2)] == ["1", "2"]
        late = call_stats(ours.media)
        assert early is not None
        assert late is not None
        assert 0 < early.packets_sent < late.packets_sent
        assert 0 < early.packets_received < late.packets_received


async def test_who_is_muted_or_held_stays_so() -> None:
    async with town() as (alice, bob, carol):
        ring_both(bob, carol)
        bob.answers = carol.answers = False
        ours = await alice.calls("bob")
        theirs, answer = await early_answer(carol)
        say(carol, theirs, 183, answer)
        await alice.event(Media)
        ours.mute()
        await bob.event(Incoming)
        bob.rings[0].answer()
        await alice.event(Media, 2)
        await asyncio.sleep(1)
        loud = bob.ears[-1].loud
        await asyncio.sleep(1)
        assert bob.ears[-1].loud == loud
        assert ours.is_muted


# A re-INVITE without a description


class Asked:
    """Bob's re-INVITE that asks for alice's offer: he answers it in the ACK (RFC 3261 §14.2)."""

    def __init__(self, bob: Person) -> None:
        self._bob = bob
        self._usage = bob.signalling.calls._session(bob.rings[-1].id).usage  # noqa: SLF001 - by hand
        self._request: Request | None = None
        self.offer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        line, dialog = self._usage.services, self._usage.dialog
        with bob.step() as (_, now):
            assert line.flow is not None
            agent = line.requester.user_agent
            request = dialog.request("INVITE", agent, headers=capabilities())
            InviteExchange(request, line.flow, line, self, dialog.next_cseq).start(now)

    def on_provisional(self, response: Response, now: float) -> None:
        """Nothing."""

    def on_failure(self, failure: Failure, now: float) -> None:
        self.offer.set_exception(AssertionError(failure))

    def on_success(self, request: Request, response: Response, now: float) -> None:
        if not self.offer.done():
            self._request = request
            self.offer.set_result(response.body)

    def answer(self, body: bytes) -> None:
        line, dialog = self._usage.services, self._usage.dialog
        with self._bob.step():
            assert self._request is not None
            assert line.flow is not None
            number = self._request.cseq.number
            ack = dialog.request("ACK", line.requester.user_agent, cseq=number, body=body)
            line.requester.send_ack(ack, line.flow)


async def test_an_offer_that_they_asked_for_restarts_ice() -> None:
    async with town() as (alice, bob, _):
        _, theirs = await in_a_call(alice, bob)
        await bob.event(Incoming)
        before = bob.offers[-1]
        asked = Asked(bob)
        offer = await asked.offer
        assert before is not None
        for line in (rb"a=ice-ufrag:(\S+)", rb"a=ice-pwd:(\S+)", rb"m=audio (\d+)"):
            assert found(line, offer) != found(line, before)
        assert found(rb"a=fingerprint:(.*)", offer) == found(rb"a=fingerprint:(.*)", before)
        assert found(rb"o=- (\d+)", offer) == found(rb"o=- (\d+)", before)
        theirs.media.receive_offer(offer)
        asked.answer(await theirs.media.answer(Direction.SENDRECV))
        theirs.media.answer_arrived()
        assert (await alice.event(Media, 2)).state == "restarted"
        assert (await bob.event(Media, 2)).state == "restarted"
        await asyncio.gather(alice.hears(), bob.hears())


async def test_an_answer_that_knows_of_no_restart_leaves_the_media_as_they_were() -> None:
    async with town() as (alice, bob, _):
        _, theirs = await in_a_call(alice, bob)
        asked = Asked(bob)
        await asked.offer
        plain = await theirs.media.offer(Direction.SENDRECV)
        asked.answer(plain.replace(b"a=setup:actpass", b"a=setup:active"))
        await theirs.media.rollback()
        await asyncio.sleep(20)
        await asyncio.gather(alice.hears(), bob.hears())
        assert len(alice.told(Media)) == 1


async def test_somebody_else_may_answer_what_they_asked_for() -> None:
    async with town() as (alice, bob, _), ends() as (other, _):
        ours, _ = await in_a_call(alice, bob)
        await asyncio.sleep(4)
        before = call_stats(ours.media)
        asked = Asked(bob)
        other.session.receive_offer(await asked.offer)
        asked.answer(await other.session.answer(Direction.SENDRECV))
        assert (await alice.event(Media, 2)).state == "restarted"
        await asyncio.gather(alice.hears(), other.hears())
        assert invites(alice) == 1
        ours.hang_up()
        after = (await alice.event(CallEnded)).stats
        assert ours.media_failure is None
        assert before is not None
        assert after is not None
        assert after.packets_received > before.packets_received > 150
        assert after.level_received_dbfs == pytest.approx(before.level_received_dbfs, abs=1)


async def test_who_answers_what_they_asked_for_and_is_not_there_ends_the_call() -> None:
    async with town() as (alice, bob, _), ends() as (other, _):
        ours, theirs = await in_a_call(alice, bob)
        asked = Asked(bob)
        other.session.receive_offer(await asked.offer)
        theirs._supervisor.end(0.0)  # noqa: SLF001 - who connects others has no media of his own
        answer = await other.session.answer(Direction.SENDRECV)
        await other.session.close()
        refuse_offers(bob)
        asked.answer(answer)
        async with asyncio.timeout(ICE_FAILS + 1):
            await ours.over()
        assert isinstance(ours.failure, MediaError)
        assert alice.told(Media)[-1].state == "failed"


def found(pattern: bytes, text: bytes) -> bytes:
    match = re.search(pattern, text)
    assert match is not None
    return match[1]
