"""Delays Ctrl-C while modules are imported, and delivers it afterwards.

In the middle of an import it would cause a traceback, or be swallowed by a library.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_noted: list[int] = []
_held: list[int] = []
"""Signals that are recorded instead of raising `KeyboardInterrupt`."""


def hold() -> None:
    """Record signals instead of raising `KeyboardInterrupt` (in the main thread only)."""
    for name in _NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.default_int_handler:
            try:
                signal.signal(number, _note)
            except ValueError:  # not the main thread, which receives no signals
                return
            _held.append(number)


def release() -> None:
    """Let signals raise `KeyboardInterrupt` again; raise it now if one was recorded."""
    while _held:
        signal.signal(_held.pop(), signal.default_int_handler)
    if _noted:
        _noted.clear()
        raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """Hold signals within a `with` block that imports modules."""
    hold()
    try:
        yield
    finally:
        release()


def _note(number: int, _frame: FrameType | None) -> None:
    _noted.append(number)
