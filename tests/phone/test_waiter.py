"""Waits with a timeout, and actions whose result can be awaited or left alone."""

import asyncio

import pytest

from sipcli.phone.waiter import FOREVER, CallAction, Waiter, within


async def answer() -> int:
    await asyncio.sleep(0)
    return 200


async def test_a_wait_ends_with_its_condition_and_with_its_time() -> None:
    waiter, rings = Waiter(), list[int]()

    def ring() -> None:
        rings.append(180)
        waiter.change()

    asyncio.get_running_loop().call_soon(ring)
    assert await waiter.until(lambda: rings, FOREVER)
    assert await waiter.until(lambda: rings, 0.0)
    assert not await waiter.until(lambda: len(rings) > 1, 0.01)


async def test_a_cancellation_that_comes_with_the_result_is_not_lost() -> None:
    waiter, answered = Waiter(), asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(waiter.until(answered.done, 10.0))
    bounded = asyncio.create_task(within(10.0, answered))
    await asyncio.sleep(0)  # both wait
    answered.set_result(200)
    waiter.change()
    for task in (waiting, bounded):
        task.cancel()
    for task in (waiting, bounded):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_takes_too_long_is_cancelled() -> None:
    slow = asyncio.ensure_future(asyncio.sleep(60))
    with pytest.raises(TimeoutError):
        await within(0.01, slow)
    assert slow.cancelled()


async def test_an_action_is_awaited_as_a_coroutine_is() -> None:
    assert await CallAction(answer) == 200
    assert await asyncio.create_task(CallAction(answer)) == 200
    assert list(await asyncio.gather(CallAction(answer), CallAction(answer))) == [200, 200]
    assert await asyncio.wait_for(CallAction(answer), 1.0) == 200


async def test_an_action_may_be_left_alone_or_given_up() -> None:
    CallAction(answer)
    task = asyncio.create_task(CallAction(answer))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_action_raises_what_its_wait_raises() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await CallAction(fail)
    with pytest.raises(ZeroDivisionError):
        await asyncio.create_task(CallAction(fail))
