"""Background tasks of a phone, and the first error in any of them."""

import asyncio
from collections.abc import Coroutine
from typing import Final

CANCEL_TIMEOUT_S: Final = 0.1
"""Seconds that cancelled tasks get to finish."""


class Spawned:
    """Background tasks of one phone. The first that raises cancels the phone's owner.

    The owner is the task inside the phone's `async with`, from `enter` to `leave`.
    """

    def __init__(self) -> None:
        self.crash: BaseException | None = None
        """The first error, raised when the phone ends; None if there was none."""
        self._owner: asyncio.Task[object] | None = None
        self._is_cancelled = False
        self._tasks: set[asyncio.Task[None]] = set()

    def enter(self) -> None:
        """Make the running task the owner."""
        self._owner = asyncio.current_task()

    def leave(self) -> bool:
        """Release the owner; return whether a crash cancelled it, and undo that cancellation."""
        owner, self._owner = self._owner, None
        is_cancelled = owner is not None and self._is_cancelled
        if owner is not None and is_cancelled:
            owner.uncancel()
        return is_cancelled

    def keep(self, error: BaseException) -> bool:
        """Keep `error` to be raised at the end; return False if there is an earlier one."""
        if self.crash is not None:
            return False
        self.crash = error
        return True

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` in the background."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._has_done)
        return task

    async def wait(self, deadline: float) -> None:
        """Wait for all tasks until `deadline` on the loop's clock (s), then cancel the rest."""
        while self._tasks:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(self._tasks, timeout=CANCEL_TIMEOUT_S)
                return
            await asyncio.wait(self._tasks, timeout=left)

    def _has_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self.keep(error) and self._owner is not None:
            self._is_cancelled = True
            self._owner.cancel()
