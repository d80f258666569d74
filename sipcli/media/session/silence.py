"""Whether anything still comes from the far end: noticed when it stops, and when it is back."""

import asyncio
from collections.abc import Callable
from typing import Final

SILENCE_LIMIT: Final = 10.0
"""Seconds without RTP and RTCP after which the far end counts as lost."""
LOOK_INTERVAL: Final = 0.5
"""Seconds between looks."""


class SilenceWatch:
    """Looks twice a second when something last came.

    Silence is held against nobody while `is_expected`: on hold, some send nothing at all.
    """

    def __init__(
        self,
        last_received: Callable[[], float],
        is_expected: Callable[[], bool],
        on_silent: Callable[[float], None],
        on_back: Callable[[], None],
    ) -> None:
        self._last_received = last_received
        self._is_expected = is_expected
        self._on_silent = on_silent
        self._on_back = on_back
        self._loop = asyncio.get_running_loop()
        self._since = 0.0
        self._silent_at: float | None = None
        self._handle: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Begin to watch, or give the far end the whole time again."""
        self.stop()
        self._since = self._loop.time()
        self._silent_at = None
        self._handle = self._loop.call_later(LOOK_INTERVAL, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _look(self) -> None:
        now = self._loop.time()
        self._handle = self._loop.call_later(LOOK_INTERVAL, self._look)
        if self._is_expected():
            self._since, self._silent_at = now, None
        elif self._silent_at is not None:
            if self._last_received() > self._silent_at:
                self._silent_at = None
                self._on_back()
        elif now - max(self._since, self._last_received()) > SILENCE_LIMIT:
            self._silent_at = now
            self._on_silent(now - self._last_received())
