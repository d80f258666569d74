"""How files are made, replaced and opened: private ones, whole ones, and no others."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


class NotRegular(OSError):  # noqa: N818 - a fact about a file
    """Something that has a file's place and is none: a pipe, a device, a folder."""

    def __init__(self) -> None:
        super().__init__("it is not a regular file")


def private(path: str, flags: int) -> int:
    """An `opener` for `open`: a file that it makes is its owner's alone (mode 0600).

    One that is there keeps its mode.
    """
    return os.open(path, flags, 0o600)


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read it. Raises OSError: `NotRegular` for what could be waited on for ever."""
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - it is handed on
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NotRegular
    return file


def _without_waiting(path: str, flags: int) -> int:
    # A FIFO that nothing is written to would be waited for. Windows has no such flag, and no FIFO.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def replace_whole(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Put `data` in place of the file, so that it is the old one or the new one at any moment.

    A link is followed. The mode of the old file is kept; `mode` (before the umask) is that of a
    new one. What is no regular file is written to as it is, and so is a file in a folder that
    takes no other. Raises OSError.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".sipcli-{secrets.token_hex(8)}")
    old_mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    if old_mode is not None:
        mode = 0o600  # until it is set below: others must not read what they could not before
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
