"""An event loop whose clock jumps to the next timer when nothing else is to be done.

Twelve seconds of waiting cost nothing and always last twelve seconds, while sockets on loopback
work as ever: what was sent there can be read at once, so nothing is under way when it jumps.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LULL = 0.001
"""Real seconds without any event until the clock jumps: for threads and for the kernel."""


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: "VirtualTimeLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(min(timeout, LULL))
        if not events:
            self._loop.now += timeout
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Starts at second 1000, so that nothing takes 0.0 for now."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end; fails on a task that it leaves, and on what only the loop was told."""
    complaints: list[dict[str, Any]] = []

    async def watched() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        result = await main
        await settle()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        return result

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        result = runner.run(watched())
    assert not complaints, complaints
    return result


async def settle(turns: int = 10) -> None:
    """Let what is ready run, without any time passing."""
    for _ in range(turns):
        await asyncio.sleep(0)


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()
