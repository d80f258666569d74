"""What is slept through is not counted; that there was a sleep is told."""

import asyncio
from typing import cast

import pytest

from sipcli import awake
from sipcli.awake import GRACE, AwakeTimer, Slept, Watch
from sipcli.phone.disturbance import Disturbances
from tests.media.virtual_time import VirtualTimeLoop, run


def loop() -> VirtualTimeLoop:
    """The running loop, whose clock a test moves: that is how a stopped process sees it."""
    return cast("VirtualTimeLoop", asyncio.get_running_loop())


def stop(seconds: float) -> None:
    """Let nothing run for so long."""
    loop().now += seconds


def test_a_timer_runs_for_as_long_as_it_is_told() -> None:
    async def test() -> float:
        begun, fired = loop().time(), asyncio.Event()
        AwakeTimer(13.0, fired.set)
        await fired.wait()
        return loop().time() - begun

    assert run(test()) == pytest.approx(13.0)


@pytest.mark.parametrize("left", [0.1, 1.0, 12.9])
def test_a_timer_gets_its_time_again_after_a_sleep(left: float) -> None:
    async def test() -> float:
        fired = asyncio.Event()
        AwakeTimer(13.0, fired.set)
        await asyncio.sleep(13.0 - left)
        stop(300)
        woken = loop().time()
        await fired.wait()
        return loop().time() - woken

    assert max(left, GRACE) - awake.SLICE <= run(test()) <= max(left, GRACE) + awake.SLICE


def test_a_cancelled_timer_never_fires() -> None:
    async def test() -> None:
        timer = AwakeTimer(1.0, lambda: pytest.fail("it did"))
        await asyncio.sleep(0.7)
        timer.cancel()
        await asyncio.sleep(2)

    run(test())


def test_a_timeout_counts_what_was_awake() -> None:
    async def test() -> float:
        begun = loop().time()
        with pytest.raises(TimeoutError):
            await too_long()
        return loop().time() - begun

    async def too_long() -> None:
        async with awake.timeout(2.0):
            await asyncio.sleep(1.0)
            stop(60)
            await asyncio.sleep(5.0)

    assert run(test()) == pytest.approx(62.0, abs=2 * awake.SLICE)


def test_what_came_during_a_sleep_is_in_time() -> None:
    async def test() -> None:
        async with awake.timeout(2.0):
            come = asyncio.Event()
            loop().call_later(50, come.set)
            stop(60)
            await come.wait()

    run(test())


def test_a_sleep_says_how_late_it_was() -> None:
    async def test() -> tuple[float, float]:
        usual = await awake.sleep(3.0)
        loop().call_later(1.0, stop, 40)
        return usual, await awake.sleep(3.0)

    usual, late = run(test())
    assert usual == 0.0
    assert late == pytest.approx(38.0)


def test_the_watch_tells_of_a_stopped_process_and_of_a_suspended_machine() -> None:
    async def test() -> list[Slept]:
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
        return told

    stopped, suspended = run(test())
    assert stopped.counted == pytest.approx(30, abs=awake.SLICE)
    assert stopped.uncounted == 0
    assert suspended.counted < 1
    assert suspended.uncounted == 600


def test_the_clock_of_a_phone_stands_still_meanwhile_whoever_asks_first() -> None:
    async def test() -> tuple[float, list[float]]:
        woken: list[float] = []
        here = Disturbances(tuple, lambda: None, woken.append)
        here.start()
        before = here.now()
        stop(100)
        after = here.now()
        await asyncio.sleep(1)
        here.stop()
        return after - before, woken

    passed, woken = run(test())
    assert passed <= awake.SLICE
    assert woken == [pytest.approx(100, abs=awake.SLICE)]
