"""Read keys from a terminal during a call; if stdin is anything else, it is not read."""

import asyncio
import os
import re
import sys
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from sipcli.cli.call_keys import HELP, command_of_key
from sipcli.cli.call_session import CallSession
from sipcli.cli.output.wording import PLAIN, Line
from sipcli.cli.script.call_commands import CallCommands, InvalidCommand, command_of_line
from sipcli.errors import SipcliError

ENTER: Final = "\r\n"
ERASE: Final = "\x7f\b"
ESCAPE: Final = "\x1b"
MAX_READ_BYTES: Final = 1024
"""Bytes read from the terminal at once."""
POLL_S: Final = 0.05
"""Seconds between polls of the keyboard on Windows, which cannot wait for it."""

_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)")
"""The sequence of a key that is not a character, such as an arrow key (ECMA-48 §5.4)."""


@asynccontextmanager
async def keys(call_session: CallSession) -> AsyncIterator[None]:
    """Handle keys while inside, if the session has any."""
    if not call_session.has_keys:
        yield
        return
    keyboard = Keyboard(call_session)
    with _raw_terminal():
        if sys.platform == "win32":
            task = asyncio.create_task(_poll(keyboard.press))
            try:
                yield
            finally:
                task.cancel()
        else:
            loop = asyncio.get_running_loop()
            descriptor = sys.stdin.fileno()
            loop.add_reader(descriptor, _read, loop, descriptor, keyboard)
            try:
                yield
            finally:
                loop.remove_reader(descriptor)


class Keyboard:
    """Runs the command of each key; `t` asks for a line, the transfer target."""

    def __init__(self, call_session: CallSession) -> None:
        self._call_session = call_session
        self._screen = call_session.session.screen
        self._commands = CallCommands(call_session)
        self._own = call_session.session.settings.uri
        self._decoder = getincrementaldecoder("utf-8")("ignore")
        self._line: str | None = None

    def type(self, data: bytes) -> None:
        """Handle typed bytes; arrow keys and other sequences are ignored."""
        for key in _SEQUENCE.sub("", self._decoder.decode(data)):
            self.press(key)

    def press(self, key: str) -> None:
        """Handle a key."""
        try:
            if self._line is not None:
                self._edit(key)
            elif key == "t":
                self._line = ""
                self._screen.ask("transfer to: ")
            elif key == "?":
                self._screen.say(Line("?", HELP, PLAIN))
            elif key.isprintable():
                self._check_question(key)
                command_of_key(key).begin(self._commands)  # its events tell how it comes out
        except InvalidCommand as error:
            self._screen.say(str(error))
        except SipcliError as error:  # such as a device that is gone
            self._screen.error(error.text)

    def _check_question(self, key: str) -> None:
        """Raise `InvalidCommand` for a `y` or `n` that was typed before its question was shown."""
        asking, line = self._call_session.phone.asking, self._call_session.call_line
        question = asking.question if asking is not None else None
        if key not in "yn" or question is None or line is None:
            return
        if not line.has_shown(question):
            raise InvalidCommand(f"the question is new: {question.target}; press {key} again")

    def _edit(self, key: str) -> None:
        line = self._line or ""
        if key in ENTER or key == ESCAPE:
            self._line = None
            self._screen.ask(None)
            if line and key != ESCAPE:
                command_of_line(f"transfer {line}", self._own).begin(self._commands)
            return
        self._line = line[:-1] if key in ERASE else line + (key if key.isprintable() else "")
        self._screen.ask(f"transfer to: {self._line}")


def _read(loop: asyncio.AbstractEventLoop, descriptor: int, keyboard: Keyboard) -> None:
    try:
        data = os.read(descriptor, MAX_READ_BYTES)
    except OSError:
        data = b""
    if data:
        keyboard.type(data)
    else:  # at its end a terminal always reads as ready: stop polling it
        loop.remove_reader(descriptor)


@contextmanager
def _raw_terminal() -> Iterator[None]:
    """Read keys one by one without echo; Ctrl-C is still a signal."""
    if sys.platform == "win32":
        yield
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


async def _poll(press: Callable[[str], None]) -> None:
    if sys.platform == "win32":
        import msvcrt

        while True:
            while msvcrt.kbhit():
                press(msvcrt.getwch())
            await asyncio.sleep(POLL_S)
