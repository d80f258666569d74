"""What is slept through is not counted; that there was a sleep is told."""

import asyncio
from typing import cast

import pytest

from sipcli import awake
from sipcli.awake import GRACE, AwakeTimer, Slept, Watch
from sipcli.phone.disturbance import Disturbances
from tests.event_loop import VirtualTimeLoop

pytestmark = pytest.mark.virtual_time


def loop() -> VirtualTimeLoop:
    """The running loop, whose clock a test moves: that is how a stopped process sees it."""
    return cast("VirtualTimeLoop", asyncio.get_running_loop())


def stop(seconds: float) -> None:
    """Let nothing run for so long."""
    loop().now += seconds


async def test_a_timer_runs_for_as_long_as_it_is_told() -> None:
    begun, fired = loop().time(), asyncio.Event()
    AwakeTimer(13.0, fired.set)
    await fired.wait()
    result = loop().time() - begun
    assert result == pytest.approx(13.0)


@pytest.mark.parametrize("left", [0.1, 1.0, 12.9])
async def test_a_timer_gets_its_time_again_after_a_sleep(left: float) -> None:
    fired = asyncio.Event()
    AwakeTimer(13.0, fired.set)
    await asyncio.sleep(13.0 - left)
    stop(300)
    woken = loop().time()
    await fired.wait()
    result = loop().time() - woken
    assert max(left, GRACE) - awake.SLICE <= result <= max(left, GRACE) + awake.SLICE


async def test_a_cancelled_timer_never_fires() -> None:
    timer = AwakeTimer(1.0, lambda: pytest.fail("it did"))
    await asyncio.sleep(0.7)
    timer.cancel()
    await asyncio.sleep(2)


async def test_a_timeout_counts_what_was_awake() -> None:
    async def too_long() -> None:
        async with awake.timeout(2.0):
            await asyncio.sleep(1.0)
            stop(60)
            await asyncio.sleep(5.0)

    begun = loop().time()
    with pytest.raises(TimeoutError):
        await too_long()
    result = loop().time() - begun
    assert result == pytest.approx(62.0, abs=2 * awake.SLICE)


async def test_what_came_during_a_sleep_is_in_time() -> None:
    async with awake.timeout(2.0):
        come = asyncio.Event()
        loop().call_later(50, come.set)
        stop(60)
        await come.wait()


async def test_a_sleep_says_how_late_it_was() -> None:
    usual = await awake.sleep(3.0)
    loop().call_later(1.0, stop, 40)
    (usual, late) = usual, await awake.sleep(3.0)
    assert usual == 0.0
    assert late == pytest.approx(38.0)


async def test_the_watch_tells_of_a_stopped_process_and_of_a_suspended_machine() -> None:
    told: list[Slept] = []
    suspended = 0.0
    watch = Watch(told.append, lambda: loop().time() + suspended)
    await asyncio.sleep(20)
    assert told == []
    stop(30)
    await asyncio.sleep(5)
    suspended = 600.0
    await asyncio.sleep(5)
    watch.stop()
    stop(30)
    await asyncio.sleep(5)
    (first, second) = told
    assert first.counted == pytest.approx(30, abs=awake.SLICE)
    assert first.uncounted == 0
    assert second.counted < 1
    assert second.uncounted == 600


async def test_the_clock_of_a_phone_stands_still_meanwhile_whoever_asks_first() -> None:
    woken: list[float] = []
    here = Disturbances(tuple, lambda: None, woken.append)
    here.start()
    before = here.now()
    stop(100)
    after = here.now()
    await asyncio.sleep(1)
    here.stop()
    (passed, woken) = after - before, woken
    assert passed <= awake.SLICE
    assert woken == [pytest.approx(100, abs=awake.SLICE)]
