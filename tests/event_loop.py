"""Asynchronous tests: `async def test_…` runs in a loop of its own, which it has to leave empty.

`@pytest.mark.virtual_time` runs it in virtual time; with `@pytest.mark.tolerates((EOFError,))` such
an exception may end a task or callback that nothing awaits. tests/conftest.py obeys both.
"""

import asyncio
import inspect
import selectors
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import pytest

from tests.open_files import open_files

T = TypeVar("T")

TIMEOUT_S: Final = 20.0
"""Real seconds that a test may take; what should not happen takes longer."""
TURNS: Final = 150
PAUSE: Final = 0.02
"""Seconds between looks whether everything that was closed has ended: 3 s in all, since the
files counted are the whole process's, and threads of other tests may have one open for a while."""
LULL: Final = 0.001
"""Real seconds without any event until virtual time jumps: for threads and for the kernel."""


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
    """An event loop whose clock jumps to the next timer when nothing else is to be done.

    Twelve seconds of waiting cost nothing and always last twelve seconds, while sockets on loopback
    work as ever: what was sent there can be read at once, so nothing is under way when it jumps.
    It starts at second 1000, so that nothing takes 0.0 for now.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self.now


def run(
    main: Coroutine[Any, Any, T],
    *,
    virtual: bool = False,
    tolerate: tuple[type[BaseException], ...] = (),
) -> T:
    """Run `main` in a loop of its own, which has to be as empty afterwards as before.

    Nothing may have failed behind its back either, but for exceptions to `tolerate`.
    """
    complaints: list[dict[str, Any]] = []

    async def watched() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        return await (_in_virtual_time(main) if virtual else _in_real_time(main))

    with asyncio.Runner(loop_factory=VirtualTimeLoop if virtual else None) as runner:
        result = runner.run(watched())
    assert [what for what in complaints if type(what.get("exception")) not in tolerate] == []
    return result


async def _in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    result = await main
    await settle()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"left behind: {left}"
    return result


async def _in_real_time(main: Coroutine[Any, Any, T]) -> T:
    files = open_files()
    async with asyncio.timeout(TIMEOUT_S):
        result = await main
    for _ in range(TURNS):
        left = (open_files() - files, asyncio.all_tasks() - {asyncio.current_task()}, _timers())
        if len(open_files()) <= len(files) and not left[1] and not left[2]:
            return result
        await asyncio.sleep(PAUSE)
    raise AssertionError(f"left behind: files, tasks, timers {left}")


def _timers() -> list[asyncio.TimerHandle]:
    """The calls that the loop still has to make later."""
    scheduled: list[asyncio.TimerHandle] = getattr(asyncio.get_running_loop(), "_scheduled", [])
    return [timer for timer in scheduled if not timer.cancelled()]


def run_test(function: pytest.Function) -> bool:
    """Run an `async def` test, unless pytest-asyncio does; returns whether it was run."""
    if not inspect.iscoroutinefunction(function.obj) or function.get_closest_marker("asyncio"):
        return False
    tolerated = function.get_closest_marker("tolerates")
    run(
        function.obj(**{name: function.funcargs[name] for name in _parameters(function.obj)}),
        virtual=function.get_closest_marker("virtual_time") is not None,
        tolerate=() if tolerated is None else tolerated.args[0],
    )
    return True


def _parameters(test: object) -> list[str]:
    assert callable(test)
    return list(inspect.signature(test).parameters)


async def settle(turns: int = 10) -> None:
    """Let what is ready run, without any time passing."""
    for _ in range(turns):
        await asyncio.sleep(0)


def now() -> float:
    """Seconds of the running loop."""
    return asyncio.get_running_loop().time()
