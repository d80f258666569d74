"""What commands know of the screen: the same words for a person's and for a program's."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from sipcli.calls.events import Event as CallEvent
from sipcli.cli.wording import Line
from sipcli.core.events import Event as PhoneEvent
from sipcli.errors import Phase

Event: TypeAlias = PhoneEvent | CallEvent
"""All that is told, of the phone and of its calls."""


class Screen(Protocol):
    """Where all output goes; nothing else prints."""

    def started(self, version: str, command: str) -> None:
        """A command begins."""

    def watch(self, *, registers: bool) -> None:
        """A phone starts, to register or not: from now on show how things stand, if possible."""

    def watch_calls(self, line: Callable[[], str | None]) -> None:
        """Show `line()` as how things stand, while it has anything to say."""

    def ask(self, question: str | None) -> None:
        """Show a question and what was typed so far in place of how things stand; None: no more."""

    def ring(self) -> None:
        """Draw a person's attention: somebody calls."""

    def rest(self) -> None:
        """Show no more how things stand, until the next `watch`: somebody else writes here."""

    def leaving(self) -> None:
        """The user wants an end, and it has begun."""

    def event(self, event: Event) -> None:
        """The phone, or a call, told something."""

    def say(self, text: str) -> None:
        """Results in words, for a person only: a program has read them from the events."""

    def tell(self, line: Line) -> None:
        """A line with a mark, for a person only."""

    def record(self, name: str, values: Mapping[str, object]) -> None:
        """An event of a command's own, for a program only: a person is told by `say`."""

    def warning(self, text: str) -> None:
        """Something a person should know, though all goes on."""

    def error(self, text: str, brief: str | None = None) -> None:
        """What ends the command; `brief` is enough for whoever has read the rest above."""

    def note(self, text: str) -> None:
        """Log lines and traces, to stderr."""

    def finished(self, exit_code: int, reason: str, phase: Phase | None = None) -> None:
        """The command ends, `phase` having failed; whatever is written after it is dropped."""
