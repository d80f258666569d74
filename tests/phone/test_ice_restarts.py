"""Media that are lost and won back by an ICE restart, or are not."""

import asyncio

import pytest

from sipcli.media.events import MediaLost
from sipcli.media.session.media_session import ARRIVAL_LIMIT
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.media.webrtc.ice import IceAgent
from sipcli.phone.call import Call
from sipcli.phone.events import (
    CallEnded,
    Held,
    Media,
    Resumed,
    Warned,
)
from tests.phone.phones_world import (
    in_a_call,
    refuse_offers,
    town,
)

pytestmark = pytest.mark.virtual_time


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


async def test_the_ack_tells_that_the_answer_to_a_restart_has_arrived() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        lose_media(ours)
        async with asyncio.timeout(ARRIVAL_LIMIT):
            assert (await bob.event(Media, 2)).state == "restarted"


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


async def test_media_that_stay_lost_end_the_call(lossy: pytest.MonkeyPatch) -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        drop_everything(lossy)
        async with asyncio.timeout(40):
            await ours.over()
        told = [*alice.told(CallEnded), *bob.told(CallEnded)]
        assert "network" in {event.by for event in told}


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
