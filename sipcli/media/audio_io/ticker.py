"""The clock of a call: one 20 ms timer that neither drifts nor bursts."""

import asyncio
from collections.abc import Callable
from typing import Final

from sipcli.media.pcm import FRAME_S

MAX_CATCH_UP: Final = 5
"""Maximum frames to catch up after a delay; more means the machine slept, and they are skipped."""


class Ticker:
    """Calls `tick(now)` for each 20 ms since `start`, also for a few late ones.

    `pace` returns, after each frame, by how many seconds to delay the next one, to follow the
    clock of a sound device. `skip` is called with the number of skipped frames.
    """

    def __init__(
        self,
        tick: Callable[[float], None],
        pace: Callable[[], float] = lambda: 0.0,
        skip: Callable[[int], None] = lambda frames: None,
    ) -> None:
        self._tick = tick
        self._pace = pace
        self._skip = skip
        self._loop = asyncio.get_running_loop()
        self._next = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self.skipped = 0
        """Frames skipped because the loop was blocked for too long."""

    def start(self) -> None:
        """Start with a frame now."""
        if self._handle is None:
            self._next = self._loop.time()
            self._handle = self._loop.call_at(self._next, self._run)

    def stop(self) -> None:
        """Stop; no frame comes after this."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        now = self._loop.time()
        late = int((now - self._next) / FRAME_S)
        if late >= MAX_CATCH_UP:
            self.skipped += late
            self._skip(late)
            self._next += late * FRAME_S
        self._tick(now)
        if self._handle is not None:  # the tick has not ended the call
            # Late frames follow at once, but only after the loop has read what arrived meanwhile:
            # it reads one datagram per socket between two timers, and a frame requested before
            # its packet is read counts as lost.
            self._next += FRAME_S + self._pace()
            self._handle = self._loop.call_at(self._next, self._run)
