"""Asks the peer again and again whether it still wants to hear from us (RFC 7675)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from sipcli import awake

INTERVAL: Final = 5.0
"""Seconds between checks, made 0.8 to 1.2 times as long at random (RFC 7675 §5.1)."""

RETRY: Final = 1.0
"""Seconds at least from one check to the next, where the first was not answered."""

SILENCE_LIMIT: Final = 8.5
"""Seconds without anything authentic, a check unanswered among them, until the peer counts as
gone. With the longest interval and a check's 1.5 s that is noticed within 10 s."""

EXPIRY: Final = 30.0
"""Seconds without an answered check until sending must stop (RFC 7675 §5.1)."""

CHECK_LIMIT: Final = 2.5
"""Seconds that a check takes at the most; one that takes longer was slept through."""


class Consent:
    """The consent of one peer, from the nomination of a pair on. Seconds on the loop's clock.

    `check` sends one check and says whether it was answered; `last_heard` tells when anything
    authentic last came. `on_lost` gets a sentence, once for each time the peer stops answering,
    and `on_back` is called when it answers again. What this process sleeps through is not the
    peer's silence: it has its whole time again.
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
        """Check now, and take it for a loss where that is not answered."""
        self._doubt.set()

    async def expire(self) -> None:
        """Keep the consent fresh; returns when it has expired, and then nothing may be sent."""
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
        """Wait for the next check; a doubt ends that."""
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
        """Nothing ran here for a while: begin anew."""
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
