"""Run a command's coroutine: signals, and an orderly end (contract §2, last lines)."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeAlias

from sipcli.cli.output.screen import Screen
from sipcli.errors import Interrupted

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
HANG_UP: Final = getattr(signal, "SIGHUP", None)
"""Sent when the terminal closes, often twice and again by the shell; None on Windows."""
LAST_LINE_TIMEOUT_S: Final = 0.2
"""Seconds for the last line to be written when the process ends at once."""

CutShort: TypeAlias = Callable[[Interrupted], None]


def nothing_to_save(error: Interrupted) -> None:
    """Do nothing: the command has no report to write."""


def run(
    work: Callable[[], Coroutine[None, None, None]],
    screen: Screen,
    cut_short: CutShort = nothing_to_save,
) -> None:
    """Run `work` to its end; the first SIGINT or SIGTERM cancels it, the second ends at once.

    A SIGHUP cancels it, too, unless it is ignored, as `nohup` has it; it is never the second.
    `cut_short` is called at the second signal, before the process ends; it must be quick.

    A cancelled `work` may still return if its outcome is known; otherwise this raises
    `Interrupted`.
    """
    try:
        with asyncio.Runner() as runner:
            runner.run(_supervised(work, screen, cut_short))
    except asyncio.CancelledError:
        raise Interrupted("interrupted") from None


async def _supervised(
    work: Callable[[], Coroutine[None, None, None]], screen: Screen, cut_short: CutShort
) -> None:
    task = asyncio.ensure_future(work())
    loop = asyncio.get_running_loop()

    def end() -> None:
        _end_at_once(screen, cut_short)

    with _handling(lambda: loop.call_soon_threadsafe(task.cancel), end):
        await task


@contextmanager
def _handling(first: Callable[[], object], second: Callable[[], object]) -> Iterator[None]:
    """Call `first` at the first signal, and `second` at each further one except SIGHUP."""
    waiting = [first]
    handled = [*SIGNALS]
    if HANG_UP is not None and signal.getsignal(HANG_UP) != signal.SIG_IGN:
        handled.append(HANG_UP)

    def handle(number: int, _frame: FrameType | None) -> None:
        if waiting:
            waiting.pop()()
        elif number != HANG_UP:
            second()

    before = {number: signal.signal(number, handle) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once(screen: Screen, cut_short: CutShort) -> None:
    error = Interrupted("interrupted twice")
    # A write may block, or this signal may have interrupted one: end in any case.
    threading.Timer(LAST_LINE_TIMEOUT_S, os._exit, [error.exit_code]).start()
    try:
        cut_short(error)
        screen.finished(error.exit_code, str(error))
    finally:
        os._exit(error.exit_code)
