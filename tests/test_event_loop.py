"""The loop of asynchronous tests: what a test leaves behind or lets fail is found."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests import event_loop
from tests.event_loop import now, run

Leaving = Callable[[], Coroutine[Any, Any, None]]

LEFT: list[object] = []
"""Keeps alive what a test here leaves behind on purpose."""


@pytest.fixture(autouse=True)
def few_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "TURNS", 2)


def fail() -> None:
    raise EOFError


async def leave_a_task() -> None:
    LEFT.append(asyncio.create_task(asyncio.sleep(60)))


async def leave_a_timer() -> None:
    LEFT.append(asyncio.get_running_loop().call_later(60, fail))


async def leave_a_file() -> None:
    LEFT.append(os.open(__file__, os.O_RDONLY))


async def fail_behind_its_back() -> None:
    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(0)


@pytest.mark.parametrize("leave", [leave_a_task, leave_a_timer, leave_a_file])
def test_what_is_left_behind_fails_a_test(leave: Leaving) -> None:
    with pytest.raises(AssertionError, match="left behind"):
        run(leave())
    left = LEFT.pop()
    if isinstance(left, int):
        os.close(left)


def test_a_task_that_is_left_behind_fails_in_virtual_time_too() -> None:
    with pytest.raises(AssertionError, match="left behind"):
        run(leave_a_task(), virtual=True)
    LEFT.clear()


@pytest.mark.parametrize("virtual", [False, True])
def test_an_error_that_nothing_awaits_fails_a_test(virtual: bool) -> None:
    with pytest.raises(AssertionError):
        run(fail_behind_its_back(), virtual=virtual)
    run(fail_behind_its_back(), virtual=virtual, tolerate=(EOFError,))


@pytest.mark.tolerates((EOFError,))
async def test_what_is_tolerated_is_named_by_a_mark() -> None:
    await fail_behind_its_back()


@pytest.mark.virtual_time
async def test_an_hour_of_virtual_time_is_exact_and_costs_nothing() -> None:
    begun = now()
    await asyncio.sleep(3600)
    assert now() - begun == 3600
