"""Write to stdout and stderr safely: closed, full, or no longer read."""

import os
import select
import sys
from collections.abc import Callable
from io import BufferedWriter, FileIO, RawIOBase, TextIOWrapper
from typing import IO, Any, Final, TypeAlias

OnFault: TypeAlias = Callable[[OSError], None]

_STDIN: Final = 0
_ENDS: Final = ("stdout", "stderr")


class Outlet(RawIOBase):
    """The raw end of a stream, which never fails.

    After a write error all further output is discarded, including what Python flushes at exit:
    neither a full disk nor a reader that has gone (`| head`) may drop a call. `on_fault` gets
    every error except a closed pipe or terminal. A full non-blocking pipe is waited for.
    """

    def __init__(self, raw: RawIOBase, on_fault: OnFault) -> None:
        super().__init__()
        self._raw = raw
        self._on_fault = on_fault
        self._is_terminal = raw.isatty()

    def write(self, data: Any) -> int:
        """Write all of `data`; after an error, discard it (called by the buffer above)."""
        left = memoryview(data).cast("B")
        while left:
            try:
                written = self._raw.write(left)
            except OSError as error:
                silence(self._raw)
                if not (self._is_terminal or isinstance(error, BrokenPipeError)):
                    self._on_fault(error)
                break
            if written is None:  # another process has made it non-blocking, and it is full
                select.select([], [self._raw], [])
            left = left[written or 0 :]
        return memoryview(data).nbytes

    def writable(self) -> bool:
        """Return True (called by the buffer above)."""
        return True

    def fileno(self) -> int:
        """Return the descriptor, for queries of the terminal."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """True if it is a terminal."""
        return self._raw.isatty()


class Outlets:
    """stdout and stderr of this process, protected against write errors.

    A standard stream that was closed becomes the null device, so that no socket or file of ours
    gets its number; `sys.stdin` stays None if stdin was closed.
    """

    def __init__(self) -> None:
        self._fault: OSError | None = None
        null = os.open(os.devnull, os.O_RDWR)
        while null <= _STDIN + len(_ENDS):  # each takes the lowest number that is free
            null = os.dup(null)
        os.close(null)
        for name in _ENDS:
            on_fault = self._stdout_failed if name == "stdout" else _ignore_fault
            setattr(sys, name, _guarded(name, on_fault))

    def exit_code(self, code: int) -> int:
        """Return the exit code of the process: 2 instead of 0 if stdout could not be written."""
        sys.stdout.flush()
        return 2 if self._fault is not None and code == 0 else code

    def _stdout_failed(self, error: OSError) -> None:
        self._fault = error
        sys.stderr.write(f"error: stdout cannot be written any more: {error.strerror}\n")
        sys.stderr.flush()


def prepare(*, utf_8: bool) -> None:
    """Make stdout and stderr accept any text: characters they cannot encode are replaced.

    With `utf_8`, stdout is UTF-8 with plain line feeds on every platform.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if utf_8 and stream is sys.stdout:
            reconfigure(encoding="utf-8", errors="replace", newline="\n")
        else:
            reconfigure(errors="replace")


def guarded(stream: TextIOWrapper, on_fault: OnFault) -> TextIOWrapper:
    """Return the same stream on an `Outlet`. Call it before anything is written."""
    below: Any = stream.buffer
    raw: RawIOBase = getattr(below, "raw", below)  # unbuffered (python -u), it is raw already
    return TextIOWrapper(
        BufferedWriter(Outlet(raw, on_fault)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def put_line(stream: IO[str], line: str) -> None:
    """Write one line and flush it."""
    stream.write(f"{line}\n")
    stream.flush()


def silence(stream: RawIOBase) -> None:
    """Discard what is written from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _guarded(name: str, on_fault: OnFault) -> TextIOWrapper:
    stream = getattr(sys, name)
    if stream is not None:
        return guarded(stream, on_fault)
    raw = FileIO(_STDIN + 1 + _ENDS.index(name), "w", closefd=False)
    return TextIOWrapper(BufferedWriter(Outlet(raw, on_fault)), encoding="utf-8")


def _ignore_fault(_error: OSError) -> None:
    pass
