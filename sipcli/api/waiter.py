"""Waiting for something to be so, with a bound: what all waits of one phone share."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

TIMEOUT: Final = 10.0
"""Seconds that a wait takes at most where nothing else is said."""


class Waiter:
    """Wakes whoever waits whenever anything has happened to a phone or its calls."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def change(self) -> None:
        """Something has happened."""
        self._changed.set()

    async def until(self, holds: Callable[[], object], timeout: float) -> bool:
        """Wait until `holds`, for `timeout` seconds at most; whether it does in the end."""
        with suppress(TimeoutError):
            # Not asyncio.timeout: before Python 3.11.3 it is none in a task that was cancelled.
            await asyncio.wait_for(self._wait(holds), timeout)
        return bool(holds())

    async def _wait(self, holds: Callable[[], object]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()
