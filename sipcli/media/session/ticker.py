"""The clock of a call: one timer, every 20 ms, that neither drifts nor bursts."""

import asyncio
from collections.abc import Callable
from typing import Final

from sipcli.media.pcm import FRAME_S

MAX_CATCH_UP: Final = 5
"""Frames that are made up for after a delay; what is more was a sleep, and is skipped."""


class Ticker:
    """Calls `tick(now)` for each 20 ms since `start`, late ones too unless they are many.

    `pace` says after each frame by how many seconds the next one should come later, so that a
    sound device whose clock is not ours is followed. `skip` hears of frames that are left out.
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
        """Frames left out because the loop was held up for too long."""

    def start(self) -> None:
        """Begin with a frame now."""
        if self._handle is None:
            self._next = self._loop.time()
            self._handle = self._loop.call_at(self._next, self._run)

    def stop(self) -> None:
        """No frame after this."""
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
            # What is still to be made up for follows at once, but not before the loop has read
            # what came meanwhile: it reads one datagram of a socket between two timers, and a
            # frame that is asked for before its packet is read is taken for lost.
            self._next += FRAME_S + self._pace()
            self._handle = self._loop.call_at(self._next, self._run)
