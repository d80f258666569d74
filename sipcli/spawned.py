"""What runs beside a phone, for as long as it is there, and the first error met in that."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

CUT_WAIT: Final = 0.1
"""Seconds that what is cut off has to finish."""


class Spawned:
    """Tasks of one phone; `on_crash` is told of the first that raises."""

    def __init__(self, on_crash: Callable[[], None]) -> None:
        self.crash: BaseException | None = None
        """The first error, to be raised when the phone ends."""
        self._on_crash = on_crash
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` beside all else."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._has_done)
        return task

    async def wait(self, deadline: float) -> None:
        """Let all of it come to its end; what takes longer, on the loop's clock, is cut off."""
        while self._tasks:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(self._tasks, timeout=CUT_WAIT)
                return
            await asyncio.wait(self._tasks, timeout=left)

    def _has_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self.crash is None:
            self.crash = error
            self._on_crash()
