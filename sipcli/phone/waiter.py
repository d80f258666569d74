"""Waits with a timeout, for what happens to a phone and its calls."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

TIMEOUT: Final = 10.0
"""Default timeout of a wait, in seconds."""
FOREVER: Final = math.inf
"""The timeout of a wait that has none."""


async def within(timeout: float, awaited: Awaitable[T]) -> T:
    """Return what `awaited` returns. Raises `TimeoutError` after `timeout` seconds."""
    # Before Python 3.12 asyncio.wait_for may lose a cancellation, and before 3.11.3 asyncio.timeout
    # is none in a task that was cancelled.
    task = asyncio.ensure_future(awaited)
    try:
        await asyncio.wait([task], timeout=None if timeout == FOREVER else timeout)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        elif not task.cancelled():
            task.exception()  # retrieved, even where the wait itself was cancelled


class Waiter:
    """Wakes all waits whenever something has happened to a phone or its calls."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def change(self) -> None:
        """Wake all waits: something has happened."""
        self._changed.set()

    async def until(self, holds: Callable[[], object], timeout: float) -> bool:
        """Wait until `holds`, at most `timeout` seconds; return whether it does in the end."""
        is_late = False

        def stop() -> None:
            nonlocal is_late
            is_late = True
            self.change()

        loop = asyncio.get_running_loop()
        timer = loop.call_later(timeout, stop) if timeout != FOREVER else None
        try:
            while not (is_late or holds()):
                self._changed.clear()
                await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()
        return bool(holds())
