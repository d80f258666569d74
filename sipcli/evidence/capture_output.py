"""The file of a capture: whole blocks in unbuffered writes, until something is in the way.

So what is in the file ends with a whole block whenever the process is killed, and a full disk costs
the rest of the capture but not the call.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

from sipcli.errors import ConfigError
from sipcli.files import private
from sipcli.text import one_line


class CaptureOutput:
    """Blocks go in until the limit, an error, or `close`. `warn` is called once at most."""

    def __init__(
        self, path: Path, begin: bytes, *, limit_bytes: int, warn: Callable[[str], None]
    ) -> None:
        """Create the file and write `begin`. Raises ConfigError if that is not possible."""
        self._path = path
        self._limit = limit_bytes
        self._warn = warn
        self._size = 0
        self.failure: str | None = None
        """Why not all could be written; None also where the limit has ended it."""
        try:
            self._file: FileIO | None = _opened(path)
            self._write_all(self._file, begin)
        except OSError as error:
            raise ConfigError(f"--capture {self._name} cannot be written: {_why(error)}") from error

    def write(self, *blocks: bytes) -> None:
        """Write blocks in one piece, if the capture has not ended before.

        If there is no room for all of them, as many as possible are written.
        """
        if self._file is None:
            return
        block = b"".join(blocks)
        has_room = self._size + len(block) <= self._limit
        if not has_room and len(blocks) > 1:
            self._write_singly(blocks)
        elif not has_room:
            self._close()
            self._warn(
                f"the capture {self._name} has reached its limit of {self._limit / 1e6:g} MB and "
                "ends here; capture_limit sets it"
            )
        else:
            try:
                self._write_all(self._file, block)
            except OSError as error:
                with suppress(OSError):
                    self._file.truncate(self._size)
                    self._file.seek(self._size)
                if len(blocks) > 1:
                    self._write_singly(blocks)
                else:
                    self._fail(
                        f"the capture {self._name} cannot be written any more: {_why(error)}"
                    )

    def _write_singly(self, blocks: tuple[bytes, ...]) -> None:
        for block in blocks:
            self.write(block)

    def close(self, end: bytes) -> None:
        """Write `end`, if anything, and close the file. Without effect the second time."""
        if self._file is None:
            return
        if end:
            self.write(end)
        if self._file is not None and self._is_gone(self._file):
            self._fail(f"the capture {self._name} is lost: the file was removed or replaced")
        self._close()

    def discard(self) -> None:
        """Close the file and remove it, if it is still where it was created."""
        is_gone = self._file is not None and self._is_gone(self._file)
        self._close()
        if not is_gone:
            with suppress(OSError):
                self._path.unlink()

    @property
    def _name(self) -> str:
        return one_line(str(self._path))

    def _write_all(self, file: FileIO, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            count = file.write(rest)
            if not count:
                raise OSError("the program that reads this pipe takes nothing")
            rest = rest[count:]
        self._size += len(block)

    def _fail(self, failure: str) -> None:
        self._close()
        self.failure = failure
        self._warn(failure)

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _is_gone(self, file: FileIO) -> bool:
        opened = os.fstat(file.fileno())
        try:
            return not os.path.samestat(opened, self._path.stat())
        except OSError:
            return True


def _opened(path: Path) -> FileIO:
    file = open(path, "wb", buffering=0, opener=private)  # noqa: SIM115 - it is handed on
    try:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISREG(mode) and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), 0o600)  # an older file may have been for others to read
        elif stat.S_ISFIFO(mode):
            os.set_blocking(file.fileno(), False)  # a reader that stops must not stop the call
    except BaseException:
        file.close()
        raise
    return file


def _why(error: OSError) -> str:
    return error.strerror or str(error)
