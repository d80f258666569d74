"""Waits with a timeout, and actions whose result can be waited for."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Final, TypeVar

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


class CallAction(Coroutine[Any, Any, T]):
    """An action that has begun. Await it for its result, or leave it to go on by itself.

    It can be used wherever a coroutine can, as with `asyncio.create_task`. Unlike a coroutine it
    need not be awaited: the wait starts only then.
    """

    def __init__(self, wait: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """`wait()` waits for the result; its timeout runs from the moment that it is awaited."""
        self._wait = wait
        self._waiting: Coroutine[Any, Any, T] | None = None

    def __await__(self) -> Generator[Any, Any, T]:
        return self._wait().__await__()

    def send(self, value: Any, /) -> Any:
        """Go on waiting, as a coroutine does (called by asyncio)."""
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise in the wait, as a coroutine does (called by asyncio)."""
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.throw(*error)

    def close(self) -> None:
        """Give up waiting (called by asyncio)."""
        if self._waiting is not None:
            self._waiting.close()
