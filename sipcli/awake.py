"""Time in which this process runs: what it sleeps through is not held against anybody else.

A laptop is closed, a container paused, a process stopped (SIGSTOP): afterwards the clock has
moved on, and what came meanwhile is still unread. So a limit for a peer's silence is counted
in short slices of time here, and a slice that comes late counts as one slice.

CLOCK_MONOTONIC goes on while a process is stopped, but not (on Linux) while the machine is
suspended; CLOCK_BOOTTIME goes on in both. `Waiter` tells of either.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

SLICE: Final = 0.5
"""Seconds of a slice."""
LATE: Final = 1.0
"""Seconds by which a slice may come late while nothing is wrong but a busy machine."""
GRACE: Final = 1.0
"""Seconds that remain after a sleep, at the least: what came meanwhile has to be read first."""


class Timer:
    """Calls back once after `delay` seconds in which this process ran."""

    def __init__(self, delay: float, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._left = delay
        self._handle = self._next_slice()

    def cancel(self) -> None:
        """Never call back."""
        self._handle.cancel()

    def _next_slice(self) -> asyncio.TimerHandle:
        slice_ = max(0.0, min(SLICE, self._left))
        return self._loop.call_at(self._loop.time() + slice_, self._run, slice_)

    def _run(self, slice_: float) -> None:
        self._left -= slice_
        if self._loop.time() - self._handle.when() > LATE:
            self._left = max(self._left, GRACE)
        if self._left <= 0:
            self._callback()
        else:
            self._handle = self._next_slice()


async def sleep(delay: float) -> float:
    """Sleep for `delay` seconds; returns how many seconds too late it woke, 0.0 if not much."""
    loop = asyncio.get_running_loop()
    due = loop.time() + delay
    await asyncio.sleep(delay)
    late = loop.time() - due
    return late if late > LATE else 0.0


@asynccontextmanager
async def timeout(delay: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, counting only time in which this process ran. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        timer = Timer(delay, lambda: limit.reschedule(loop.time()))
        try:
            yield
        finally:
            timer.cancel()


@dataclass(frozen=True, slots=True)
class Slept:
    """A time in which this process did not run, in seconds."""

    counted: float
    """For which the loop's clock went on: timers have run out meanwhile."""
    uncounted: float
    """For which it stood still: timers have fallen behind."""


class Watch:
    """Tells of each sleep, when it is over. `stop` it in the end."""

    def __init__(
        self,
        on_slept: Callable[[Slept], None],
        boot_time: Callable[[], float] | None = None,
    ) -> None:
        """`boot_time` is a clock that goes on while the machine is suspended."""
        self._on_slept = on_slept
        self._boot_time = boot_time or _boot_time
        self._loop = asyncio.get_running_loop()
        self._ahead = self._boot_time() - self._loop.time()
        self._is_over = False
        self._handle = self._loop.call_later(SLICE, self.look)

    def stop(self) -> None:
        """Look no more."""
        self._is_over = True
        self._handle.cancel()

    def look(self) -> None:
        """Tell of a sleep that has just ended, before a slice does so itself."""
        now = self._loop.time()
        counted = now - self._handle.when()
        if self._is_over or counted < 0:
            return
        ahead = self._boot_time() - now
        uncounted, self._ahead = ahead - self._ahead, ahead
        self._handle.cancel()
        self._handle = self._loop.call_later(SLICE, self.look)
        if counted > LATE or uncounted > LATE:
            self._on_slept(Slept(max(0.0, counted), max(0.0, uncounted)))


def _boot_time() -> float:
    """Seconds on a clock that a suspended machine does not stop.

    CLOCK_MONOTONIC is that on macOS, where Python's own stops; on Windows Python's goes on.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.clock_gettime(clock) if clock is not None else time.monotonic()
