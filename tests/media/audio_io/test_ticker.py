"""The clock of a call: on time, made up for after a hiccup, skipped after a sleep."""

import asyncio
import socket
from itertools import pairwise

import pytest

from sipcli.media.audio_io.ticker import MAX_CATCH_UP, Ticker
from sipcli.media.pcm import FRAME_S
from tests.event_loop import VirtualTimeLoop, now

pytestmark = pytest.mark.virtual_time


def hold_up(seconds: float) -> None:
    """Have the loop do nothing else for so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.now += seconds


async def test_it_neither_drifts_nor_bursts() -> None:
    ticks: list[float] = []
    ticker = Ticker(ticks.append)
    begun = now()
    ticker.start()
    await asyncio.sleep(30)
    ticker.stop()
    assert abs(len(ticks) - 30 / FRAME_S) <= 1
    gaps = [later - earlier for earlier, later in pairwise(ticks)]
    assert min(gaps) == pytest.approx(FRAME_S, abs=1e-6)
    assert max(gaps) == pytest.approx(FRAME_S, abs=1e-6)
    assert ticks[-1] - begun == pytest.approx((len(ticks) - 1) * FRAME_S, abs=1e-3)
    assert ticker.skipped == 0


async def test_a_hiccup_is_made_up_for_at_once() -> None:
    ticks: list[float] = []
    ticker = Ticker(ticks.append)
    ticker.start()
    await asyncio.sleep(0.1)
    before = len(ticks)
    hold_up(3.5 * FRAME_S)
    await asyncio.sleep(0.1)
    ticker.stop()
    assert ticker.skipped == 0
    assert len(ticks) - before == pytest.approx((0.1 + 3.5 * FRAME_S) / FRAME_S, abs=1)


async def test_a_sleep_is_skipped() -> None:
    ticks: list[float] = []
    skipped: list[int] = []
    ticker = Ticker(ticks.append, skip=skipped.append)
    ticker.start()
    await asyncio.sleep(0.1)
    before = len(ticks)
    hold_up(3600)
    await asyncio.sleep(0.1)
    ticker.stop()
    assert ticker.skipped == pytest.approx(3600 / FRAME_S, abs=MAX_CATCH_UP)
    assert skipped == [ticker.skipped], "who is ticked must know"
    assert len(ticks) - before <= 0.1 / FRAME_S + 2


async def test_a_tick_may_be_the_last() -> None:
    ticks: list[float] = []

    def end(at: float) -> None:
        ticks.append(at)
        ticker.stop()

    ticker = Ticker(end)
    ticker.start()
    await asyncio.sleep(1)
    assert len(ticks) == 1


async def test_starting_twice_is_starting_once() -> None:
    ticks: list[float] = []
    ticker = Ticker(ticks.append)
    ticker.start()
    ticker.start()
    await asyncio.sleep(0.05)
    ticker.stop()
    assert len(ticks) == 3


async def test_what_came_during_a_hiccup_is_read_before_the_frame_it_is_for() -> None:
    """A loop reads one datagram of a socket at a time: as many frames later, all are read."""
    loop = asyncio.get_running_loop()
    far, near = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    happened: list[str] = []

    def read() -> None:
        near.recv(1)
        happened.append("read")

    loop.add_reader(near, read)
    ticker = Ticker(lambda _: happened.append("frame"))
    ticker.start()
    await asyncio.sleep(1.5 * FRAME_S)
    happened.clear()
    for _ in range(MAX_CATCH_UP - 1):
        far.send(b"!")
    hold_up((MAX_CATCH_UP - 1) * FRAME_S)
    await asyncio.sleep(0.4 * FRAME_S)
    ticker.stop()
    loop.remove_reader(near)
    near.close()
    far.close()
    assert happened == ["read", "frame"] * (MAX_CATCH_UP - 1)
