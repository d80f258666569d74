"""A far end that vanishes without a word, and one that has nothing to say."""

import asyncio

import pytest

from sipcli.media.session.events import MediaConnected, MediaLost
from sipcli.media.session.silence import LOOK_INTERVAL, SILENCE_LIMIT, SilenceWatch
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.sdp.direction import Direction
from tests.media.session.ends import connected, exchange, virtual
from tests.media.virtual_time import now


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
            lambda: self.told.append("back"),
        )


@virtual
async def test_silence_is_told_once_and_in_time() -> None:
    line = Line()
    line.watch.restart()
    await asyncio.sleep(SILENCE_LIMIT - 0.01)
    assert line.told == []
    await asyncio.sleep(2 * LOOK_INTERVAL)
    assert line.told == ["silent for 10 s"]
    await asyncio.sleep(60)
    assert line.told == ["silent for 10 s"]
    line.watch.stop()


@virtual
async def test_what_comes_again_is_told_and_may_stop_again() -> None:
    line = Line()
    line.watch.restart()
    await asyncio.sleep(15)
    line.last = now()
    await asyncio.sleep(1)
    assert line.told == ["silent for 10 s", "back"]
    await asyncio.sleep(12)
    assert line.told[2:] == ["silent for 10 s"]
    line.watch.stop()


@virtual
async def test_silence_on_hold_is_held_against_nobody() -> None:
    line = Line()
    line.watch.restart()
    line.on_hold = True
    await asyncio.sleep(600)
    line.on_hold = False
    await asyncio.sleep(SILENCE_LIMIT - 2 * LOOK_INTERVAL)
    assert line.told == []
    await asyncio.sleep(3 * LOOK_INTERVAL)
    assert len(line.told) == 1
    line.watch.stop()


@virtual
async def test_a_restart_gives_the_far_end_the_whole_time_again() -> None:
    line = Line()
    line.watch.restart()
    await asyncio.sleep(15)
    line.watch.restart()
    await asyncio.sleep(SILENCE_LIMIT - LOOK_INTERVAL)
    assert len(line.told) == 1
    line.watch.stop()


@virtual
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


@virtual
async def test_a_call_without_packets_is_lost(nothing_arrives: pytest.MonkeyPatch) -> None:
    async with connected() as (alice, _):
        begun = now()
        lost = await alice.event(MediaLost)
        assert not lost.closed
        assert now() - begun < SILENCE_LIMIT + 2 * LOOK_INTERVAL


@virtual
async def test_a_call_on_hold_is_not(nothing_arrives: pytest.MonkeyPatch) -> None:
    async with connected() as (alice, bob):
        await exchange(alice, bob, Direction.SENDONLY, Direction.INACTIVE)
        await asyncio.sleep(60)
        assert not [e for e in alice.events + bob.events if isinstance(e, MediaLost)]


@virtual
async def test_a_call_whose_packets_come_again_is_connected_again(
    nothing_arrives: pytest.MonkeyPatch,
) -> None:
    async with connected() as (alice, _):
        await alice.event(MediaLost)
        nothing_arrives.undo()
        assert (await alice.event(MediaConnected, 2)).restarted
        await alice.hears()
