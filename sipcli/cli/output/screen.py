"""The interface of a screen: the terminal for a person, JSON for a program."""

from collections.abc import Callable, Mapping

from sipcli.cli.output.wording import Line
from sipcli.errors import Phase
from sipcli.phone.events import Event
from sipcli.phone.registration_status import RegistrationStatus


class Screen:
    """Where all output goes; nothing else prints.

    A person and a program get the same news in different forms: `say` is for the one, `record`
    for the other, and each screen ignores what is not for it.
    """

    def event(self, event: Event) -> None:
        """Show an event of the phone or of a call."""
        raise NotImplementedError

    def warning(self, text: str) -> None:
        """Show a warning; the command goes on."""
        raise NotImplementedError

    def error(self, text: str, brief: str | None = None) -> None:
        """Show the error that ends the command; `brief` is enough if the rest is shown above."""
        raise NotImplementedError

    def note(self, text: str) -> None:
        """Write a log line or a trace to stderr."""
        raise NotImplementedError

    def finished(self, exit_code: int, reason: str, phase: Phase | None = None) -> None:
        """The command ends; `phase` is the step that failed. Later output is dropped."""
        raise NotImplementedError

    # For a program

    def record(self, name: str, values: Mapping[str, object]) -> None:
        """Write an event of the command: a person gets it by `say`."""

    # For a person

    def say(self, what: str | Line) -> None:
        """Show a result: text as it is, a line with its mark."""

    def watch(
        self, line: Callable[[], str] | None, registration: RegistrationStatus | None = None
    ) -> None:
        """From now on show `line()` as the status line, if possible; None removes it.

        `registration` is the state of the phone whose events follow.
        """

    def ask(self, question: str | None) -> None:
        """Show a question and the answer typed so far instead of the status line; None ends it."""

    def ring(self) -> None:
        """Alert a person: a call is coming in."""
