"""Consent freshness: keep checking that the peer still accepts our media (RFC 7675)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from sipcli import awake

INTERVAL: Final = 5.0
"""Seconds between checks, made 0.8 to 1.2 times as long at random (RFC 7675 §5.1)."""

RETRY: Final = 1.0
"""Minimum seconds from an unanswered check to the next."""

SILENCE_LIMIT: Final = 8.5
"""Seconds without authentic packets, and with an unanswered check, after which the peer counts as
lost. With the longest interval and 1.5 s for a check, that is noticed within 10 s."""

EXPIRY: Final = 30.0
"""Seconds without an answered check until sending must stop (RFC 7675 §5.1)."""

CHECK_LIMIT: Final = 2.5
"""Maximum seconds for a check; if it takes longer, this process was suspended."""


class Consent:
    """The consent of one peer, from the nomination of a pair on. Seconds on the loop's clock.

    `check` sends one check and returns whether it was answered; `last_heard` returns when the last
    authentic packet arrived. `on_lost` gets a sentence each time the peer stops answering, and
    `on_back` is called when it answers again. Time during which this process was suspended does
    not count as silence: the full time starts again.
    """

    def __init__(
        self,
        check: Callable[[], Awaitable[bool]],
        last_heard: Callable[[], float],
        on_lost: Callable[[str], None],
        on_back: Callable[[], None],
    ) -> None:
        self._check = check
        self._last_heard = last_heard
        self._on_lost = on_lost
        self._on_back = on_back
        self._is_lost = False
        self._is_in_doubt = False
        self._doubt = asyncio.Event()
        self.last = asyncio.get_running_loop().time()
        """When the peer last consented."""
        self._awake_since = self.last

    def doubt(self) -> None:
        """Check now; an unanswered check counts as a loss."""
        self._doubt.set()

    async def expire(self) -> None:
        """Keep the consent fresh; returns once it has expired, and nothing may be sent."""
        loop = asyncio.get_running_loop()
        wait = INTERVAL
        while loop.time() - self.last < EXPIRY:
            await self._pause(wait)
            started = loop.time()
            is_answered = await self._check()
            if is_answered:
                self._consented(loop.time())
                wait = INTERVAL * (0.8 + 0.4 * random.random())
            elif loop.time() - started > CHECK_LIMIT:
                self._woken(loop.time())
                wait = 0.0
            else:
                self._missed(loop.time())
                wait = max(0.0, started + RETRY - loop.time())
        self._lose(f"the far end has answered no ICE check for {EXPIRY:.0f} s")

    async def _pause(self, seconds: float) -> None:
        """Wait until the next check; `doubt` ends the wait."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._doubt.wait()
        self._is_in_doubt = self._doubt.is_set()
        self._doubt.clear()
        if loop.time() - due > awake.LATE:
            self._woken(loop.time())

    def _woken(self, now: float) -> None:
        """Start the timing again: this process was suspended for a while."""
        self.last = self._awake_since = now

    def _consented(self, now: float) -> None:
        self.last = now
        if self._is_lost:
            self._is_lost = False
            self._on_back()

    def _missed(self, now: float) -> None:
        silence = now - max(self._last_heard(), self._awake_since)
        if silence >= SILENCE_LIMIT:
            self._lose(f"nothing has come from the far end for {silence:.0f} s")
        elif self._is_in_doubt:
            self._lose("the far end no longer answers")

    def _lose(self, reason: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._on_lost(reason)
