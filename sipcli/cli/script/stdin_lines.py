"""Read lines from stdin in a thread, so that a slow pipe delays neither a call nor its end."""

import asyncio
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import RawIOBase
from typing import Final

MAX_LINE_BYTES: Final = 1024
"""The longest line, in bytes."""
MAX_LINES: Final = 10_000
"""Lines that may wait for their turn; another one is read when one of them is done."""
_CHUNK: Final = 4096
_POLL_S: Final = 0.05
"""Seconds between reads of a stdin that another process has made non-blocking."""
_BOM: Final = b"\xef\xbb\xbf"


class BadLine(ValueError):  # noqa: N818 - a fact about what was read
    """A line that is too long or not UTF-8."""


class StdinLines:
    """Reads stdin to its end. `on_line` and `on_end` are called on the loop that made this.

    `on_line` gets each line's number and text. Then `on_end` gets the fault that kept the rest
    from being read, or None at the end of stdin. A closed stdin ends at once.
    """

    def __init__(
        self, on_line: Callable[[int, str], None], on_end: Callable[[str | None], None]
    ) -> None:
        self._on_line = on_line
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._room = threading.Semaphore(MAX_LINES)

    def start(self) -> None:
        """Start to read. The thread ends with its input, or with the process."""
        if sys.stdin is None:  # closed: its number may be another file's by now
            self._on_end(None)
            return
        work = threading.Thread(
            target=self._run, args=(sys.stdin.fileno(),), name="read stdin", daemon=True
        )
        work.start()

    def done(self) -> None:
        """A line is done: another one may be read."""
        self._room.release()

    def _run(self, descriptor: int) -> None:
        fault = None
        try:
            # Without a buffer: its lock, held by a thread that waits, would hold up our exit.
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                for number, line in enumerate(_lines(file), start=1):
                    self._room.acquire()
                    self._call(self._on_line, number, _text(number, line))
        except BadLine as error:
            fault = str(error)
        except OSError as error:
            fault = f"stdin cannot be read: {error.strerror}"
        except Exception as error:  # noqa: BLE001 - a script would wait for ever
            fault = f"stdin cannot be read: {type(error).__name__}: {error}"
        self._call(self._on_end, fault)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: the command has ended
            self._loop.call_soon_threadsafe(function, *arguments)


def is_file() -> bool:
    """True if stdin is a file, which can be read to its end without waiting."""
    return sys.stdin is not None and stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)


def _lines(file: RawIOBase) -> Iterator[bytes]:
    """Yield lines without line feeds; the last one may lack one, and may be too long."""
    held = b""
    while (data := file.read(_CHUNK)) != b"":
        if data is None:  # non-blocking, and nothing there
            time.sleep(_POLL_S)
            continue
        *whole, held = (held + data).split(b"\n")
        yield from whole
        if len(held) > MAX_LINE_BYTES:
            break
    if held:
        yield held


def _text(number: int, line: bytes) -> str:
    if len(line) > MAX_LINE_BYTES:
        raise BadLine(f"stdin, line {number}: it is longer than {MAX_LINE_BYTES} bytes")
    try:
        return (line.removeprefix(_BOM) if number == 1 else line).decode()
    except UnicodeDecodeError:
        raise BadLine(f"stdin, line {number}: it is not UTF-8") from None
