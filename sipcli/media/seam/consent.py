"""Asks the peer again and again whether it still wants to hear from us (RFC 7675)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

INTERVAL: Final = 5.0
"""Seconds between checks, made 0.8 to 1.2 times as long at random (RFC 7675 §5.1)."""

RETRY: Final = 1.0
"""Seconds at least from one check to the next, where the first was not answered."""

SILENCE_LIMIT: Final = 8.5
"""Seconds without anything authentic, a check unanswered among them, until the peer counts as
gone. With the longest interval and a check's 1.5 s that is noticed within 10 s."""

EXPIRY: Final = 30.0
"""Seconds without an answered check until sending must stop (RFC 7675 §5.1)."""


class Consent:
    """The consent of one peer, from the nomination of a pair on. Seconds on the loop's clock.

    `check` sends one check and says whether it was answered; `last_heard` tells when anything
    authentic last came; `on_lost` gets a sentence, once for each time the peer stops answering.
    """

    def __init__(
        self,
        check: Callable[[], Awaitable[bool]],
        last_heard: Callable[[], float],
        on_lost: Callable[[str], None],
    ) -> None:
        self._check = check
        self._last_heard = last_heard
        self._on_lost = on_lost
        self._is_lost = False
        self.last = asyncio.get_running_loop().time()
        """When the peer last consented."""

    async def expire(self) -> None:
        """Keep the consent fresh; returns when it has expired, and then nothing may be sent."""
        loop = asyncio.get_running_loop()
        wait = INTERVAL
        while loop.time() - self.last < EXPIRY:
            await asyncio.sleep(wait)
            started = loop.time()
            if await self._check():
                self.last = loop.time()
                self._is_lost = False
                wait = INTERVAL * (0.8 + 0.4 * random.random())
            else:
                silence = loop.time() - self._last_heard()
                if silence >= SILENCE_LIMIT:
                    self._lose(f"nothing has come from the far end for {silence:.0f} s")
                wait = max(0.0, started + RETRY - loop.time())
        self._lose(f"the far end has answered no ICE check for {EXPIRY:.0f} s")

    def _lose(self, reason: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._on_lost(reason)
