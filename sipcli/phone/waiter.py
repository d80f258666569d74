"""Waits for conditions with a timeout; all waits of one phone share it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

TIMEOUT: Final = 10.0
"""Default timeout of a wait, in seconds."""


class Waiter:
    """Wakes all waits whenever something has happened to a phone or its calls."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def change(self) -> None:
        """Wake all waits: something has happened."""
        self._changed.set()

    async def until(self, holds: Callable[[], object], timeout: float) -> bool:
        """Wait until `holds`, at most `timeout` seconds; return whether it does in the end."""
        with suppress(TimeoutError):
            # Not asyncio.timeout: before Python 3.11.3 it is none in a task that was cancelled.
            await asyncio.wait_for(self._wait(holds), timeout)
        return bool(holds())

    async def _wait(self, holds: Callable[[], object]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()
