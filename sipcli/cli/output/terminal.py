"""The screen for a person: a line per event and, on a terminal, a status line below them."""

from collections.abc import Callable
from os.path import sameopenfile
from typing import IO, Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.live import Live
from rich.text import Text

from sipcli.cli.output.screen import Screen
from sipcli.cli.output.stream import put_line
from sipcli.cli.output.wording import BOLD, FAINT, PLAIN, Line, wording
from sipcli.config.policies import Permission
from sipcli.errors import Phase
from sipcli.phone import events
from sipcli.phone.events import Event, RedirectRequested, TransferRequested, Warned
from sipcli.phone.registration_status import RegistrationStatus
from sipcli.text import one_line

_INDENT: Final = 2
_ROOM: Final = len("^C^C")
"""Columns left free: an echo of `^C` on a full line would wrap to the next one."""


class PlainConsole(Console):
    """A console that prints text as it is.

    Without `color` it uses none; with it, the environment decides (NO_COLOR, TERM).
    """

    def __init__(self, file: IO[str], *, color: bool) -> None:
        super().__init__(
            file=file,
            highlight=False,
            markup=False,
            emoji=False,
            no_color=None if color else True,  # None: what NO_COLOR says
            soft_wrap=True,
        )

    @property
    def draws(self) -> bool:
        """True if a line can be redrawn; forced colours on a file do not make that possible."""
        return self.file.isatty() and not self.is_dumb_terminal

    def print_hanging(self, text: Text, hang: int = _INDENT) -> None:
        """Print lines; on a terminal wrap them between words, indented by `hang` columns."""
        lines = list(text.split("\n"))
        if self.file.isatty():
            lines = [self._hang(line, hang) for line in lines]
        self.print(Text("\n").join(lines))

    def _hang(self, line: Text, hang: int) -> Text:
        pieces = line[hang:].wrap(self, max(self.width - hang, 1))
        for piece in pieces:
            piece.rstrip()
        return line[:hang].append_text(Text("\n" + " " * hang).join(pieces))


class TerminalScreen(Screen):
    """Results on `out`; warnings, errors, logs and traces on `err`.

    `verbose` is the number of `-v`; with `quiet` only errors and results are shown.
    """

    def __init__(
        self, out: IO[str], err: IO[str], *, verbose: int, quiet: bool, color: bool
    ) -> None:
        self._out = out
        self._err = err
        self._verbose = verbose
        self._quiet = quiet
        self._console = PlainConsole(out, color=color)
        self._errors = PlainConsole(err, color=color)
        self._live: Live | None = None
        self._line: Callable[[], str] = str
        self._registration: RegistrationStatus | None = None
        self._question: str | None = None

    def watch(
        self, line: Callable[[], str] | None, registration: RegistrationStatus | None = None
    ) -> None:
        """Show `line()` below everything else, if the terminal can redraw it; None removes it."""
        self._registration = registration
        if self._live is not None:
            self._live.stop()
            self._live = None
        if line is not None and self._console.draws and not self._quiet:
            self._line = line
            self._live = Live(
                get_renderable=self._status_line,
                console=self._console,
                refresh_per_second=5,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def ask(self, question: str | None) -> None:
        """Show a question on the last line."""
        self._question = question
        if self._live is not None:
            self._live.refresh()

    def event(self, event: Event) -> None:
        """Show the event's line, unless it repeats one."""
        if isinstance(event, Warned):
            self.warning(event.text)
            return
        line = wording(event)
        if line is not None and self._is_shown(event):
            self._print(line)
        match event:
            case (
                TransferRequested(decision=Permission.ASK)
                | RedirectRequested(decision=Permission.ASK)
            ):
                self.ring()

    def _is_shown(self, event: Event) -> bool:
        """True if an event gets its line: more do with `-v`, only results if quiet.

        A failure that repeats is left to the status line, which counts them, unless it is the
        last one.
        """
        is_repeat = self._registration is not None and self._registration.is_repeat
        match event:
            case events.InstantMessage() | events.Pong():
                return True
            case events.Connecting():
                return self._verbose > 0
            case events.Registered() if is_repeat:
                return self._verbose > 0
            case events.ConnectFailed() | events.RegistrationFailed() if is_repeat:
                is_counted = self._live is not None and event.retry_in_s is not None
                return not self._quiet and (self._verbose > 0 or not is_counted)
            case _:
                return not self._quiet

    def ring(self) -> None:
        """Ring the terminal's bell."""
        if self._live is not None:
            self._console.bell()

    def say(self, what: str | Line) -> None:
        """Print a result: text unbroken, so that it can be copied, a line wrapped."""
        if isinstance(what, Line):
            self._print(what)
        else:
            self._console.print(Text(what))

    def warning(self, text: str) -> None:
        """Print a warning."""
        if not self._quiet:
            self._complain("warning", "yellow", text)

    def error(self, text: str, brief: str | None = None) -> None:
        """Print an error; in brief if the rest is shown above it, on the same terminal."""
        if brief is not None and _is_one_terminal(self._out, self._err):
            text = brief
        self._complain("error", "bold red", text)

    def note(self, text: str) -> None:
        """Print log lines or a trace above the status line."""
        if self._live is not None and self._errors.is_terminal:
            self._console.print(Text(text, style=FAINT))
        else:
            put_line(self._err, text)

    def finished(self, exit_code: int, reason: str, phase: Phase | None = None) -> None:
        """Remove the status line."""
        self.watch(None)

    def _print(self, line: Line) -> None:
        text = Text()
        text.append(f"{line.mark} ", style=line.style)
        shown = f"\n{' ' * line.hang}".join((line.text, *line.more))
        text.append(shown, style=line.style if line.style in (FAINT, BOLD) else PLAIN)
        self._console.print_hanging(text, line.hang)

    def _complain(self, word: str, style: str, text: str) -> None:
        console = self._errors
        if self._live is not None and console.is_terminal:
            console = self._console
        first, *others = (one_line(line) for line in text.split("\n"))
        shown = Text()
        shown.append(f"{word}: ", style=style)
        shown.append(f"\n{' ' * _INDENT}".join([first, *others]))
        console.print_hanging(shown)

    def _status_line(self) -> Text:
        width = max(self._console.width - _ROOM, 1)
        if self._question is not None:  # show its end, where the user types
            line = _tail(self._question, width)
        else:
            line = _head(self._line(), width)
        return Text(line, style=BOLD, no_wrap=True, overflow="crop")


def _head(line: str, width: int) -> str:
    """Return as many words from the start of `line` as fit into `width` columns.

    If they fill less than half of it, a part of the next word is added.
    """
    if cell_len(line) <= width:
        return line
    text = set_cell_size(line, max(width - 1, 0))
    words = text if line[len(text) :].startswith(" ") else text.rpartition(" ")[0]
    return f"{words.rstrip(' ·') if 2 * cell_len(words) >= width else text}…"


def _tail(line: str, width: int) -> str:
    """Return as much of the end of `line` as fits into `width` columns."""
    if cell_len(line) <= width:
        return line
    while cell_len(line) >= width:
        line = line[1:]
    return f"…{line}"


def _is_one_terminal(out: IO[str], err: IO[str]) -> bool:
    """True if both are the same terminal; files or pipes may be read separately."""
    return out.isatty() and err.isatty() and sameopenfile(out.fileno(), err.fileno())
