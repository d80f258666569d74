"""A program on a terminal: what a person sees there, and the keys that they press."""

import os
import pty
import re
import signal
import struct
import termios
import threading
import time
from collections.abc import Sequence
from fcntl import ioctl
from types import TracebackType
from typing import Final, Self

import pyte

from tests.realpeer.child_processes import LeashedProcess
from tests.realpeer.sipcli_process import PROGRAM, UnexpectedOutcome, User, environment_of

LINES: Final = 24
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A terminal of 24 lines in which a user runs sipcli, or another program.

    Leave its `with` block and it is gone.
    """

    def __init__(
        self,
        user: User,
        *arguments: str,
        columns: int = 80,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._seen = 0
        self._columns = columns
        self._written = bytearray()
        self._screen, inside = pty.openpty()
        ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        self._leashed = LeashedProcess(
            [*program, *arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=environment_of(user.home) | {"TERM": "xterm-256color"},
            cwd=user.home,
        )
        os.close(inside)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leashed.kill()
        self._reader.join()
        os.close(self._screen)

    @property
    def text(self) -> str:
        """All that was written so far, without colours and movements of the cursor."""
        return _ESCAPES.sub("", self._written.decode("utf-8", "replace"))

    @property
    def lines(self) -> list[str]:
        """What the screen shows now. A program that draws only what has changed needs this."""
        screen = pyte.Screen(self._columns, LINES)
        pyte.ByteStream(screen).feed(bytes(self._written))
        return [line.rstrip() for line in screen.display]

    def wait_to_show(self, words: str, *, timeout: float = 10.0) -> None:
        """Wait until a line of the screen has these words.

        Raises `UnexpectedOutcome` when none has within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not any(words in line for line in self.lines):
            if time.monotonic() > deadline:
                shown = "\n".join(self.lines)
                raise UnexpectedOutcome(f"{words!r} not within {timeout} s:\n{shown}")
            time.sleep(0.05)

    def press(self, keys: str) -> None:
        """Type something."""
        os.write(self._screen, keys.encode())

    def wait_for(self, words: str, *, timeout: float = 10.0) -> None:
        """Wait until these words are written, after those waited for last.

        Raises `UnexpectedOutcome` when they are not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while (found := self.text.find(words, self._seen)) < 0:
            if time.monotonic() > deadline:
                raise UnexpectedOutcome(f"{words!r} not within {timeout} s:\n{self.text}")
            time.sleep(0.02)
        self._seen = found + len(words)

    def wait(self, timeout: float = 10.0) -> int:
        """Wait for its end and return the exit code."""
        status = self._leashed.process.wait(timeout)
        self._reader.join(1)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, as Ctrl-C would."""
        self._leashed.process.send_signal(number)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._screen, 65_536)
            except OSError:  # Linux's way to say that nobody has the other side open any more
                return
            self._written += data
