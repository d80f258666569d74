"""Timers that count only the time in which this process runs, and detection of sleeps.

After a laptop was closed, a container paused or a process stopped (SIGSTOP), the clock has moved
on, and data that arrived meanwhile is still unread. So a timeout on a peer is counted in short
slices, and a slice that ends late counts as one slice only.

CLOCK_MONOTONIC goes on while a process is stopped, but not (on Linux) while the machine is
suspended; CLOCK_BOOTTIME goes on in both cases. `Watch` reports both.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

SLICE: Final = 0.5
"""Length of a slice, in seconds."""
LATE: Final = 1.0
"""Seconds by which a slice may end late on a machine that is merely busy."""
GRACE: Final = 1.0
"""Minimum seconds left after a sleep, to read the data that arrived meanwhile."""


class AwakeTimer:
    """Calls back once after `delay` seconds in which this process ran."""

    def __init__(self, delay: float, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._left = delay
        self._handle = self._next_slice()

    def cancel(self) -> None:
        """Cancel the timer."""
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
    """Sleep for `delay` seconds; return how many seconds late it woke, 0.0 if at most `LATE`."""
    loop = asyncio.get_running_loop()
    due = loop.time() + delay
    await asyncio.sleep(delay)
    late = loop.time() - due
    return late if late > LATE else 0.0


@asynccontextmanager
async def timeout(delay: float) -> AsyncIterator[None]:
    """Like `asyncio.timeout`, but counts only time in which this process runs."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        timer = AwakeTimer(delay, lambda: limit.reschedule(loop.time()))
        try:
            yield
        finally:
            timer.cancel()


@dataclass(frozen=True, slots=True)
class Slept:
    """A period in which this process did not run, in seconds."""

    counted: float
    """Seconds for which the loop's clock went on: timers have expired meanwhile."""
    uncounted: float
    """Seconds for which the loop's clock stood still: timers are late."""


class Watch:
    """Calls `on_slept` after each sleep, until `stop`."""

    def __init__(
        self,
        on_slept: Callable[[Slept], None],
        boot_time: Callable[[], float] | None = None,
    ) -> None:
        """`boot_time` is a clock that goes on while the machine is suspended, in seconds."""
        self._on_slept = on_slept
        self._boot_time = boot_time or _boot_time
        self._loop = asyncio.get_running_loop()
        self._ahead = self._boot_time() - self._loop.time()
        self._is_over = False
        self._handle = self._loop.call_later(SLICE, self.look)

    def stop(self) -> None:
        """Stop watching."""
        self._is_over = True
        self._handle.cancel()

    def look(self) -> None:
        """Report a sleep that has just ended, without waiting for the end of the slice."""
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
    """Return seconds on a clock that goes on while the machine is suspended.

    On macOS that is CLOCK_MONOTONIC, while `time.monotonic` stops; on Windows that one goes on.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.clock_gettime(clock) if clock is not None else time.monotonic()
