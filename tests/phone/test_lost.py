"""Media that are lost: won back over a connection that is alive, or the end of the call."""

import asyncio

import pytest

from sipcli.core.calls.events import OfferRefused, RemoteOffer
from sipcli.errors import Phase
from sipcli.media.events import MediaBack, MediaLost
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.media.webrtc.ice import IceAgent
from sipcli.phone import media_supervisor
from sipcli.phone.call import Call
from sipcli.phone.events import CallEnded, Media, Warned
from tests.event_loop import now
from tests.phone.phones_world import Person, in_a_call, town

pytestmark = pytest.mark.virtual_time

LOST = MediaLost(reason="nothing comes", closed=False)


def lose_media(call: Call) -> None:
    """Have the media say that they are lost."""
    call._supervisor.on_event(LOST)  # noqa: SLF001 - this is what the media do


def refuse(call: Call, status: int | None) -> None:
    """Have the core say that an offer of ours had no success."""
    refused = OfferRefused(call=call.id, status=status, reason="no", will_retry=False)
    call._on_event(refused)  # noqa: SLF001 - this is what the phone does


def restarts(person: Person) -> int:
    """How often a person was told that media are back."""
    return [event.state for event in person.told(Media)].count("restarted")


def deafen(person: Person) -> list[RemoteOffer]:
    """Let nobody at this phone hear of offers; they are kept."""
    before, kept = person.signalling.behave, list[RemoteOffer]()

    def behave(event: object) -> None:
        if isinstance(event, RemoteOffer):
            kept.append(event)
        else:
            before(event)  # type: ignore[arg-type]

    person.signalling.behave = behave
    return kept


async def test_a_far_end_that_is_silent_on_purpose_is_never_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A recorder, a parking place, a voice mailbox: it answers ICE checks, so it is there."""
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        monkeypatch.setattr(MediaTransport, "send_rtp", lambda *_: None)
        monkeypatch.setattr(MediaTransport, "send_rtcp", lambda *_: None)
        await asyncio.sleep(60)
        assert not ours.is_over
        assert not theirs.is_over
        (warning,) = alice.told(Warned)
        assert "no audio has arrived from the far end for 10 s" in warning.text
        monkeypatch.undo()
        await alice.hears()


async def test_a_restart_is_offered_when_the_connection_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time does not run while its offer could not be delivered."""
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        alice.is_connected.clear()
        lose_media(ours)
        await asyncio.sleep(30)
        assert alice.probes == 1
        assert not ours.is_over
        assert restarts(alice) == 0
        alice.is_connected.set()
        await alice.event(Media, 2)
        await asyncio.gather(alice.hears(), bob.hears())
        await asyncio.sleep(media_supervisor.RESTART_TIMEOUT_S + 1)
        assert not ours.is_over


async def test_a_connection_that_stays_away_is_waited_for_no_longer_than_a_minute_or_so() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        alice.is_connected.clear()
        lose_media(ours)
        await asyncio.sleep(media_supervisor.LOST_TIMEOUT_S - 1)
        assert not ours.is_over
        await asyncio.sleep(2)
        assert str(ours.media_failure) == "audio: nothing comes; an ICE restart did not help"


async def test_media_that_are_back_by_themselves_need_no_restart() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        alice.is_connected.clear()
        lose_media(ours)
        await asyncio.sleep(5)
        ours._supervisor.on_event(MediaBack())  # noqa: SLF001
        assert restarts(alice) == 1
        alice.is_connected.set()
        await asyncio.sleep(20)
        assert (restarts(alice), restarts(bob)) == (1, 0)
        assert not ours.is_over


async def test_no_restart_is_told_before_its_offer_is_answered() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        offers = deafen(bob)
        lose_media(ours)
        await asyncio.sleep(1)
        assert len(offers) == 1
        ours._supervisor.on_event(MediaBack())  # noqa: SLF001
        assert restarts(alice) == 0
        refuse(ours, 488)
        assert restarts(alice) == 1
        await asyncio.sleep(20)
        assert not ours.is_over


@pytest.mark.parametrize(
    ("status", "after", "is_over"),
    [
        (488, 10.0, True),
        (480, 0.5, True),  # the server knows that the far end has gone
        (480, 20.0, False),  # it could not deliver the offer: the far end may be back
        (408, 20.0, False),
        (491, 0.5, False),
        (None, 0.5, False),
    ],
)
async def test_what_a_refusal_means(status: int | None, after: float, is_over: bool) -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        deafen(bob)
        lose_media(ours)
        await asyncio.sleep(after)
        refuse(ours, status)
        await asyncio.sleep(0.5)
        assert (ours.media_failure is not None) is is_over


async def test_a_network_that_changed_has_lost_media_won_back_at_once() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        deafen(bob)
        lose_media(ours)
        await asyncio.sleep(20)
        refuse(ours, 480)
        await asyncio.sleep(20)
        assert alice.probes == 1
        alice.on_disturbed()
        await asyncio.sleep(0.1)
        assert alice.probes == 2
        assert not ours.is_over


async def test_a_network_that_changed_has_media_that_flow_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        assert list(alice.media_remotes())
        alice.on_disturbed()
        await asyncio.sleep(3)
        assert alice.told(Warned) == []
        with monkeypatch.context() as patch:
            patch.setattr(IceAgent, "request_received", lambda *_: None)
            alice.on_disturbed()
            await asyncio.sleep(2)
        assert "trying an ICE restart" in alice.told(Warned)[0].text
        await alice.event(Media, 2)
        assert not ours.is_over


async def test_a_call_that_ends_while_its_media_are_lost_has_failed() -> None:
    """Else a pipeline would be green whose last sound came long before its end."""
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        alice.is_connected.clear()
        lose_media(ours)
        await asyncio.sleep(5)
        ours.hang_up()
        ended = await alice.event(CallEnded)
        assert ended.by == "network"
        assert ours.media_failure is not None
        assert ours.media_failure.phase is Phase.AUDIO
        assert "the call ended before the media were back" in str(ours.media_failure)
        assert alice.told(Media)[-1].state == "failed"


async def test_media_that_are_lost_again_and_again_are_given_up() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        for number in range(media_supervisor.MAX_RESTARTS):
            lose_media(ours)
            await alice.event(Media, number + 2)
            await asyncio.sleep(1)
        assert not ours.is_over
        lose_media(ours)
        await ours.over()
        assert "did not help" in str(ours.media_failure)


async def test_a_loss_long_after_the_last_one_is_another_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_supervisor, "RESTART_SPACING_S", 5.0)
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        for number in range(media_supervisor.MAX_RESTARTS + 2):
            lose_media(ours)
            await alice.event(Media, number + 2)
            await asyncio.sleep(media_supervisor.RESTART_SPACING_S)
        assert not ours.is_over


async def test_a_far_end_that_always_has_an_offer_out_itself_is_not_asked_for_ever() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        offers = deafen(bob)
        begun = now()
        lose_media(ours)
        while not ours.is_over:
            await asyncio.sleep(1)
            refuse(ours, 491)
        assert now() - begun < media_supervisor.LOST_TIMEOUT_S + 5
        assert len(offers) <= media_supervisor.LOST_TIMEOUT_S / media_supervisor.GLARE_DELAY_S + 1
