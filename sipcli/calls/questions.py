"""What the far end of a call wants us to do, and waits for us to decide."""

from typing import TypeAlias

from sipcli.config.settings import Permission
from sipcli.core.calls.events import (
    RedirectDecided,
    RedirectRequested,
    TransferDecided,
    TransferRequested,
)

Question: TypeAlias = TransferRequested | RedirectRequested
Event: TypeAlias = Question | TransferDecided | RedirectDecided


class Questions:
    """The questions of one call that are open."""

    def __init__(self) -> None:
        self.transfer: TransferRequested | None = None
        """Whom the far end wants us to call; None while it wants nothing, or has its answer."""
        self.redirect: RedirectRequested | None = None
        """Where our call was redirected to, likewise."""

    @property
    def open(self) -> Question | None:
        """The one that waits; None without any."""
        return self.transfer or self.redirect

    def on_event(self, event: Event) -> None:
        """Take what the core tells of them."""
        match event:
            case TransferRequested(decision=decision):
                self.transfer = None if decision is Permission.REFUSE else event
            case RedirectRequested(decision=decision):
                self.redirect = event if decision is Permission.ASK else None
            case TransferDecided():
                self.transfer = None
            case RedirectDecided():
                self.redirect = None

    def drop(self) -> None:
        """The call is over."""
        self.transfer = self.redirect = None
