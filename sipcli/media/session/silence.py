"""Whether anything still comes from the far end: told when nothing has for a while.

Silence is no loss: a recorder, a voice mailbox or a parking place may send nothing at all, and
whether the far end is there is what its consent tells (RFC 7675). But a person wants to know.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from sipcli.awake import LATE

SILENCE_LIMIT: Final = 10.0
"""Seconds without RTP and RTCP that are worth a word."""
LOOK_INTERVAL: Final = 0.5
"""Seconds between looks."""


class SilenceWatch:
    """Looks twice a second when something last came, and tells of the first silence.

    Silence is held against nobody while `is_expected`: on hold, some send nothing at all. Nor is
    what this process slept through.
    """

    def __init__(
        self,
        last_received: Callable[[], float],
        is_expected: Callable[[], bool],
        on_silent: Callable[[float], None],
    ) -> None:
        """`on_silent` gets the seconds since something last came, once."""
        self._last_received = last_received
        self._is_expected = is_expected
        self._on_silent = on_silent
        self._loop = asyncio.get_running_loop()
        self._since = 0.0
        self._has_told = False
        self._handle: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Begin to watch, or give the far end the whole time again."""
        self.stop()
        if not self._has_told:
            self._since = self._loop.time()
            self._handle = self._loop.call_later(LOOK_INTERVAL, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _look(self) -> None:
        now = self._loop.time()
        has_slept = self._handle is not None and now - self._handle.when() > LATE
        silence = now - max(self._since, self._last_received())
        if self._is_expected() or has_slept:
            self._since = now
        elif silence > SILENCE_LIMIT:
            self._has_told = True
            self._handle = None
            self._on_silent(now - self._last_received())
            return
        self._handle = self._loop.call_later(LOOK_INTERVAL, self._look)
