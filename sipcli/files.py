"""Create private files, replace files atomically, open regular files, and read a file's mode."""

import errno
import os
import secrets
import select
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

FIFO_TIMEOUT_S: Final = 10.0
"""Seconds for which the reader of a FIFO may read nothing."""


class NotRegular(OSError):  # noqa: N818 - a fact about a file
    """The path is not a regular file but, for example, a pipe, a device or a folder."""

    def __init__(self) -> None:
        super().__init__("it is not a regular file")


def private(path: str, flags: int) -> int:
    """An `opener` for `open` that creates files with mode 0600.

    An existing file keeps its mode. Raises OSError, also for a FIFO that no program reads.
    """
    return _open_at_once(path, flags)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading. Raises OSError: `NotRegular` for anything that may block."""
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - it is handed on
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NotRegular
    return file


def _without_waiting(path: str, flags: int) -> int:
    # Opening a FIFO without a writer would block. Windows has neither this flag nor FIFOs.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _open_at_once(path: str | Path, flags: int) -> int:
    """Open a file for writing. Refuse a FIFO without a reader: opening it would block."""
    try:
        descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)
    except OSError as error:
        if error.errno == errno.ENXIO and is_fifo(Path(path)):
            raise OSError(errno.ENXIO, "no program reads from this pipe") from error
        raise
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(descriptor, True)
    return descriptor


def is_fifo(path: Path) -> bool:
    """True if this is a FIFO."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def open_fifo(path: Path) -> int:
    """Open a FIFO for `write_to_fifo`. Raises OSError if no program reads from it."""
    return _open_at_once(path, os.O_WRONLY)


def write_to_fifo(descriptor: int, data: bytes) -> None:
    """Write all of `data`, and close the FIFO.

    Raises OSError, also if the reader reads nothing for `FIFO_TIMEOUT_S`.
    """
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        os.set_blocking(descriptor, False)
        rest = memoryview(data)
        while rest:
            if not select.select([], [descriptor], [], FIFO_TIMEOUT_S)[1]:
                raise OSError(errno.ETIMEDOUT, "the program that reads this pipe takes nothing")
            rest = rest[stream.write(rest) or 0 :]


def replace_whole(path: Path, data: bytes, *, is_private: bool = False) -> None:
    """Replace a file atomically: readers see either the old content or the new one.

    Links are followed. An existing file keeps its mode; a new one gets that of the umask or, with
    `is_private`, 0600.
    Anything but a regular file is written in place, and so is a file in a folder where no other
    can be created. Raises OSError.
    """
    if is_fifo(path):
        write_to_fifo(open_fifo(path), data)
        return
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".sipcli-{secrets.token_hex(8)}")
    old_mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    # Private until the old mode is set below: others may not read what they could not before.
    mode = 0o666 if old_mode is None and not is_private else 0o600
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except PermissionError:
        if not path.exists():
            raise
        path.write_bytes(data)
        return
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if old_mode is not None:
                os.chmod(temporary, old_mode)
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def file_mode(path: Path) -> int | None:
    """Return the `st_mode` of a path; None if it does not exist.

    Raises `OSError` if that is unknown: a folder without permission, a name that is too long.
    `Path.exists` and the like return False for those, from Python 3.14 on.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
