"""A far end that vanishes without a word, and one that has nothing to say."""

import asyncio
from typing import cast

import pytest

from sipcli.media.events import MediaBack, MediaLost, MediaWarned
from sipcli.media.session.silence_watch import CHECK_INTERVAL, SILENCE_LIMIT, SilenceWatch
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.media.webrtc import ice
from sipcli.media.webrtc.ice import IceAgent
from sipcli.sdp.description import Direction
from tests.event_loop import VirtualTimeLoop, now
from tests.media.session.ends import End, connected, exchange

pytestmark = pytest.mark.virtual_time


class Line:
    """What a watch is told about, and what it tells."""

    def __init__(self) -> None:
        self.last = now()
        self.on_hold = False
        self.told: list[str] = []
        self.watch = SilenceWatch(
            lambda: self.last,
            lambda: self.on_hold,
            lambda seconds: self.told.append(f"silent for {seconds:.0f} s"),
        )


async def test_silence_is_told_once_and_in_time() -> None:
    line = Line()
    line.watch.restart()
    await asyncio.sleep(SILENCE_LIMIT - 0.01)
    assert line.told == []
    await asyncio.sleep(2 * CHECK_INTERVAL)
    assert line.told == ["silent for 10 s"]
    await asyncio.sleep(60)
    assert line.told == ["silent for 10 s"]
    line.watch.stop()


async def test_silence_is_told_once_whatever_comes_later() -> None:
    """A recorder that clicks now and then is not worth a warning each time."""
    line = Line()
    line.watch.restart()
    await asyncio.sleep(15)
    line.last = now()
    line.watch.restart()
    await asyncio.sleep(30)
    assert line.told == ["silent for 10 s"]
    line.watch.stop()


async def test_what_we_sleep_through_is_nobodys_silence() -> None:
    line = Line()
    line.watch.restart()
    await asyncio.sleep(5)
    cast("VirtualTimeLoop", asyncio.get_running_loop()).now += 300
    await asyncio.sleep(SILENCE_LIMIT - 2 * CHECK_INTERVAL)
    assert line.told == []
    await asyncio.sleep(3 * CHECK_INTERVAL)
    assert len(line.told) == 1
    line.watch.stop()


async def test_silence_on_hold_is_held_against_nobody() -> None:
    line = Line()
    line.watch.restart()
    line.on_hold = True
    await asyncio.sleep(600)
    line.on_hold = False
    await asyncio.sleep(SILENCE_LIMIT - 2 * CHECK_INTERVAL)
    assert line.told == []
    await asyncio.sleep(3 * CHECK_INTERVAL)
    assert len(line.told) == 1
    line.watch.stop()


async def test_a_restart_gives_the_far_end_the_whole_time_again() -> None:
    line = Line()
    line.watch.restart()
    await asyncio.sleep(SILENCE_LIMIT - CHECK_INTERVAL)
    line.watch.restart()
    await asyncio.sleep(SILENCE_LIMIT - CHECK_INTERVAL)
    assert line.told == []
    line.watch.stop()


async def test_nothing_is_told_once_stopped() -> None:
    line = Line()
    line.watch.restart()
    line.watch.stop()
    await asyncio.sleep(60)
    assert line.told == []


@pytest.fixture
def nothing_arrives(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Neither end sends, and both still answer checks."""
    monkeypatch.setattr(MediaTransport, "send_rtp", lambda *_: None)
    monkeypatch.setattr(MediaTransport, "send_rtcp", lambda *_: None)
    return monkeypatch


def told_silence(end: End) -> list[str]:
    """What a person was told of it."""
    warnings = [event.text for event in end.events if isinstance(event, MediaWarned)]
    return [text for text in warnings if "no audio has arrived" in text]


@pytest.mark.usefixtures("nothing_arrives")
async def test_a_far_end_that_sends_nothing_is_there_as_long_as_it_answers_checks() -> None:
    """A recorder, a parking place, a voice mailbox: liveness is consent (RFC 7675)."""
    async with connected() as (alice, bob):
        await asyncio.sleep(100)
        assert not [e for e in alice.events + bob.events if isinstance(e, MediaLost)]
        assert len(told_silence(alice)) == len(told_silence(bob)) == 1


@pytest.mark.usefixtures("nothing_arrives")
async def test_a_far_end_that_answers_no_check_either_is_lost_and_not_called_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected() as (alice, bob):
        monkeypatch.setattr(IceAgent, "request_received", lambda *_: None)
        begun = now()
        lost = await alice.event(MediaLost)
        assert not lost.closed
        assert now() - begun < 10 + 2
        assert told_silence(alice) == told_silence(bob) == []


@pytest.mark.usefixtures("nothing_arrives")
async def test_a_far_end_that_answers_again_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected() as (alice, _):
        with monkeypatch.context() as patch:
            patch.setattr(IceAgent, "request_received", lambda *_: None)
            await alice.event(MediaLost)
        await alice.event(MediaBack)


@pytest.mark.usefixtures("nothing_arrives")
async def test_a_call_on_hold_is_neither_lost_nor_silent() -> None:
    async with connected() as (alice, bob):
        await exchange(alice, bob, Direction.SENDONLY, Direction.INACTIVE)
        await asyncio.sleep(60)
        assert not [e for e in alice.events + bob.events if isinstance(e, MediaLost)]
        assert told_silence(alice) == told_silence(bob) == []


async def test_a_machine_whose_address_has_gone_knows_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected() as (alice, _):
        alice.session.doubt()
        await asyncio.sleep(2)
        assert not [event for event in alice.events if isinstance(event, MediaLost)]
        monkeypatch.setattr(ice, "is_ours", lambda _: False)
        alice.session.doubt()
        lost = await alice.event(MediaLost)
        assert "has the address" in lost.reason
