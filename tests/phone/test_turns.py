"""Calls that take a turn: forks, early media, transfers, lost media, offers that cannot be used."""

import asyncio
import re

import pytest

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.core.calls.events import CallEvent, RemoteOffer
from sipcli.core.calls.gate import NO_ROOM
from sipcli.errors import RefusedError
from sipcli.media.events import MediaLost
from sipcli.media.session.media_session import ARRIVAL_LIMIT
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.media.webrtc.ice import IceAgent
from sipcli.phone.call import Call
from sipcli.phone.events import (
    Answered,
    CallEnded,
    Held,
    Incoming,
    Media,
    Resumed,
    TransferDecided,
    TransferProgress,
    TransferRequested,
    Warned,
)
from sipcli.sdp.description import Direction
from sipcli.sip.uri import SipUri
from tests.media.session.ends import ends, virtual
from tests.phone.phones_world import Person, in_a_call, town

CAROL = SipUri.parse("sip:carol@example.com")
ACCEPT = PeerPolicy(Permission.ACCEPT)


def ring_both(bob: Person, carol: Person) -> None:
    """Whoever calls bob rings carol, too."""
    bob.signalling.world.behind["bob"] = ["bob", "carol"]
    identity = carol.signalling.agent._identity  # noqa: SLF001 - nothing else knows her two names
    identity.aor = SipUri.parse("sip:bob@example.com")


def nowhere(answer: bytes) -> bytes:
    """The answer with ICE credentials that nobody has."""
    other = re.sub(rb"a=ice-ufrag:\S+", b"a=ice-ufrag:else", answer)
    return re.sub(rb"a=ice-pwd:\S+", b"a=ice-pwd:" + b"e" * 22, other)


async def early_answer(person: Person) -> tuple[Call, bytes]:
    """What rings at this person, and an answer to it."""
    await person.event(Incoming)
    call = person.rings[-1]
    return call, await call.media.answer(Direction.SENDRECV)


def say(person: Person, call: Call, status: int, body: bytes) -> None:
    """Send an answer by hand: early, or the final one."""
    calls = person.signalling.calls
    with person.step() as (_, now):
        if status < 200:
            calls.progress(call.id, now, status=status, body=body)
        else:
            calls.accept(call.id, body, now)


# Forks and early media


@virtual
async def test_the_fork_that_answers_has_the_call() -> None:
    async with town() as (alice, bob, carol):
        ring_both(bob, carol)
        carol.answers = False
        await alice.calls("bob")
        await bob.event(Incoming)
        await asyncio.gather(alice.hears(), bob.hears())


@virtual
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


@virtual
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


@virtual
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


@virtual
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


@virtual
async def test_an_answer_that_cannot_be_used_ends_the_call() -> None:
    async with town() as (alice, bob, _):
        bob.answers = False
        ours = await alice.calls("bob")
        call, _ = await early_answer(bob)
        say(bob, call, 200, b"v=0 nonsense")
        await ours.over()
        assert "cannot be used" in str(ours.media_failure)
        assert (await alice.event(CallEnded)).by == "network"


@virtual
async def test_an_offer_that_cannot_be_used_is_refused_with_the_reason() -> None:
    async with town() as (alice, bob, _):
        with alice.step() as (agent, now):
            agent.calls.invite(SipUri.parse("sip:bob@example.com"), b"v=0 nonsense", now)
        ended = await bob.event(CallEnded)
        assert ended.status == 488
        assert bob.rings == []


# Changes that come to nothing


def refuse_offers(person: Person) -> None:
    """Refuse every change by hand."""
    before = person.signalling.behave

    def behave(event: CallEvent) -> None:
        if isinstance(event, RemoteOffer):
            with person.step() as (agent, now):
                agent.calls.refuse_offer(event.call, now)
        else:
            before(event)

    person.signalling.behave = behave


@virtual
async def test_a_hold_that_is_refused_leaves_the_call_as_it_was() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        refuse_offers(bob)
        ours.hold()
        assert "refused" in (await alice.event(Warned)).text
        assert not ours.is_held
        await asyncio.gather(alice.hears(), bob.hears())
        assert not alice.told(Held)


@virtual
async def test_an_offer_that_their_nonsense_meets_changes_nothing() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        with bob.step() as (agent, now):
            agent.calls.offer(ours.id, b"v=0 nonsense", now)
        await asyncio.sleep(1)
        await asyncio.gather(alice.hears(), bob.hears())


# Lost media


@pytest.fixture
def lossy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Patches that a test applies in the middle of a call."""
    return monkeypatch


def drop_everything(patch: pytest.MonkeyPatch) -> None:
    """No packet of sound goes anywhere any more, and no check is answered."""
    patch.setattr(IceAgent, "request_received", lambda *_: None)
    patch.setattr(MediaTransport, "send_rtp", lambda *_: None)
    patch.setattr(MediaTransport, "send_rtcp", lambda *_: None)


def lose_media(call: Call) -> None:
    """Have the media say that they are lost."""
    call._supervisor.on_event(MediaLost(reason="nothing comes", closed=False))  # noqa: SLF001


@pytest.mark.parametrize("turns", range(12))
@virtual
async def test_a_restart_and_a_change_of_theirs_may_cross_at_any_moment(turns: int) -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        theirs.hold()
        for _ in range(turns):
            await asyncio.sleep(0)
        lose_media(ours)
        assert (await alice.event(Media, 2)).state == "restarted"
        assert (await alice.event(Held)).by == "remote"
        theirs.resume()
        await alice.event(Resumed)
        await asyncio.gather(alice.hears(), bob.hears())


@virtual
async def test_the_ack_tells_that_the_answer_to_a_restart_has_arrived() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        lose_media(ours)
        async with asyncio.timeout(ARRIVAL_LIMIT):
            assert (await bob.event(Media, 2)).state == "restarted"


@virtual
async def test_lost_media_are_won_back_by_an_ice_restart(lossy: pytest.MonkeyPatch) -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        drop_everything(lossy)
        assert "trying an ICE restart" in (await alice.event(Warned)).text
        lossy.undo()
        assert (await alice.event(Media, 2)).state == "restarted"
        await asyncio.gather(alice.hears(), bob.hears())
        await asyncio.sleep(20)
        assert not ours.is_over


@virtual
async def test_media_that_stay_lost_end_the_call(lossy: pytest.MonkeyPatch) -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        drop_everything(lossy)
        async with asyncio.timeout(40):
            await ours.over()
        told = [*alice.told(CallEnded), *bob.told(CallEnded)]
        assert "network" in {event.by for event in told}


@virtual
async def test_media_lost_again_soon_after_a_restart_are_given_up(
    lossy: pytest.MonkeyPatch,
) -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        drop_everything(lossy)
        await alice.event(Warned)
        lossy.undo()
        assert (await alice.event(Media, 2)).state == "restarted"
        drop_everything(lossy)
        async with asyncio.timeout(40):
            await asyncio.wait(
                [asyncio.ensure_future(call.over()) for call in (ours, theirs)],
                return_when=asyncio.FIRST_COMPLETED,
            )
        failures = [call.media_failure for call in (ours, theirs) if call.media_failure]
        assert any("did not help" in str(failure) for failure in failures)
        restarts = [event for event in alice.told(Warned) if "trying an ICE" in event.text]
        assert len(restarts) == 2


@virtual
async def test_media_lost_for_good_end_where_a_restart_is_refused(
    lossy: pytest.MonkeyPatch,
) -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        refuse_offers(bob)
        refuse_offers(alice)
        drop_everything(lossy)
        async with asyncio.timeout(15):
            await asyncio.gather(ours.over(), theirs.over())
        failures = [call.media_failure for call in (ours, theirs) if call.media_failure]
        assert any("refused a restart" in str(failure) for failure in failures)


@virtual
async def test_nothing_is_told_of_a_call_after_its_end() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        ours.hang_up()
        await asyncio.gather(ours.over(), theirs.over())
        lose_media(ours)
        ours.send_dtmf("1", "info")
        ours.hold()
        await asyncio.sleep(60)
        assert isinstance(alice.events[-1], CallEnded)
        assert isinstance(bob.events[-1], CallEnded)


# Transfers


@virtual
async def test_a_transfer_leads_to_the_other_and_ends_the_first_call() -> None:
    async with town(transfers=ACCEPT) as (alice, bob, carol):
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        await carol.event(Incoming)
        await asyncio.gather(alice.hears(), carol.hears())
        await asyncio.gather(ours.over(), theirs.over())
        assert bob.told(TransferProgress)[-1].status == 200
        assert len(alice.call_manager.calls) == 1


@virtual
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
@virtual
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


@virtual
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


@virtual
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


@virtual
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


@virtual
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


@virtual
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


@virtual
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


@virtual
async def test_a_question_ends_with_its_call() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        await alice.event(TransferRequested)
        theirs.hang_up()
        await ours.over()
        with pytest.raises(RefusedError, match="no transfer is waiting"):
            ours.accept_transfer()


@virtual
async def test_what_max_calls_leaves_no_room_for_is_not_placed() -> None:
    async with town(transfers=ACCEPT, max_calls=1) as (alice, bob, carol):
        _, theirs = await in_a_call(alice, bob)
        theirs.transfer(CAROL)
        told = await alice.event(TransferDecided)
        assert (told.decision, told.status, told.reason) == ("refused", 486, NO_ROOM)
        await asyncio.sleep(5)
        assert carol.told(Incoming) == []
