"""Report when nothing has arrived from the far end for a while.

Silence is not a loss: a recorder, a voice mailbox or call parking may send nothing at all, and
ICE consent tells whether the far end is alive (RFC 7675). But the user wants to know.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from sipcli.awake import LATE

SILENCE_LIMIT: Final = 10.0
"""Seconds without RTP and RTCP that are worth a warning."""
CHECK_INTERVAL: Final = 0.5
"""Seconds between checks."""


class SilenceWatch:
    """Checks twice a second when something last arrived, and reports the first silence.

    Silence does not count while `is_expected`: on hold, some peers send nothing at all. Nor does
    time during which this process was suspended.
    """

    def __init__(
        self,
        last_received: Callable[[], float],
        is_expected: Callable[[], bool],
        on_silent: Callable[[float], None],
    ) -> None:
        """`on_silent` is called once, with the seconds since something last arrived."""
        self._last_received = last_received
        self._is_expected = is_expected
        self._on_silent = on_silent
        self._loop = asyncio.get_running_loop()
        self._since = 0.0
        self._has_reported = False
        self._handle: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Start watching, or start the timeout again."""
        self.stop()
        if not self._has_reported:
            self._since = self._loop.time()
            self._handle = self._loop.call_later(CHECK_INTERVAL, self._check)

    def stop(self) -> None:
        """Stop watching."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _check(self) -> None:
        now = self._loop.time()
        has_slept = self._handle is not None and now - self._handle.when() > LATE
        silence = now - max(self._since, self._last_received())
        if self._is_expected() or has_slept:
            self._since = now
        elif silence > SILENCE_LIMIT:
            self._has_reported = True
            self._handle = None
            self._on_silent(now - self._last_received())
            return
        self._handle = self._loop.call_later(CHECK_INTERVAL, self._check)
