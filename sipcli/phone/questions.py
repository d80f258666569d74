"""Transfers and redirects that the far end asks for and that wait for a decision."""

from typing import TypeAlias

from sipcli.config.policies import Permission
from sipcli.phone.events import (
    CallEvent,
    RedirectDecided,
    RedirectRequested,
    TransferDecided,
    TransferRequested,
)

Question: TypeAlias = TransferRequested | RedirectRequested


class Questions:
    """The open questions of one call."""

    def __init__(self) -> None:
        self.transfer: TransferRequested | None = None
        """The transfer that the far end asks for; None if there is none, or it has been decided."""
        self.redirect: RedirectRequested | None = None
        """The redirect of our call that waits for a decision; None if there is none."""

    @property
    def open(self) -> Question | None:
        """The question that waits for a decision; None if there is none."""
        return self.transfer or self.redirect

    def on_event(self, event: CallEvent) -> None:
        """Handle an event of the call."""
        match event:
            case TransferRequested(decision=decision):
                self.transfer = None if decision is Permission.REFUSE else event
            case RedirectRequested(decision=decision):
                self.redirect = event if decision is Permission.ASK else None
            case TransferDecided():
                self.transfer = None
            case RedirectDecided():
                self.redirect = None
            case _:
                pass

    def drop(self) -> None:
        """Drop all questions: the call has ended."""
        self.transfer = self.redirect = None
