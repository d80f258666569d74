"""Ctrl-C while modules are loaded: noted, and obeyed once they are whole.

In the middle of an import it would be a traceback, or whatever a library makes of it.
"""

import signal
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_noted: list[int] = []
_held: list[int] = []
"""Signals that are noted in place of raising `KeyboardInterrupt`."""


def hold() -> None:
    """Note the signals that would raise `KeyboardInterrupt` now (in the main thread alone)."""
    for name in _NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.default_int_handler:
            try:
                signal.signal(number, _note)
            except ValueError:  # not the main thread, where none of them arrives
                return
            _held.append(number)


def release() -> None:
    """Let signals raise `KeyboardInterrupt` again, and do so now if one was noted."""
    while _held:
        signal.signal(_held.pop(), signal.default_int_handler)
    if _noted:
        _noted.clear()
        raise KeyboardInterrupt


def _note(number: int, _frame: FrameType | None) -> None:
    _noted.append(number)
