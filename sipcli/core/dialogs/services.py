"""Services of the phone that every usage of a dialog needs: flow, requests, responses, log."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from sipcli.core.connection.backoff import Draw
from sipcli.core.connection.flow import Flow
from sipcli.core.debug_log import DebugLog
from sipcli.core.requests.requester import Requester
from sipcli.core.timers import Timer, Timers
from sipcli.core.transactions.layer import Inbound, Transactions
from sipcli.sip.message import Request

HeaderFields: TypeAlias = Iterable[tuple[str, str]]

NewTimer: TypeAlias = Callable[[Callable[[float], None]], Timer[None]]
"""Makes a timer from what it does when it fires, which takes the time in seconds."""


class DialogServer(Protocol):
    """Serves the requests of the far end in one dialog."""

    def admits(self, inbound: Inbound, now: float) -> bool:
        """True if a request may be served; if not, it was refused (RFC 3261 §12.2.2)."""

    def receive(self, inbound: Inbound, now: float) -> None:
        """Serve a request that `admits` has let through."""

    def acknowledged(self, ack: Request, now: float) -> None:
        """Handle an ACK."""


FindServer: TypeAlias = Callable[[Request], DialogServer | None]


class DialogServices:
    """The parts of one phone that its dialogs share, and who serves a request in one of them."""

    def __init__(
        self,
        requester: Requester,
        transactions: Transactions,
        draw: Draw,
        flow: Callable[[], Flow | None],
        *,
        ignored: Callable[[str], None],
        log: DebugLog,
    ) -> None:
        self.requester = requester
        self.transactions = transactions
        self.identity = requester.identity
        self.draw = draw
        self._flow = flow
        self._finders: list[FindServer] = []
        self.ignored = ignored
        """Gets a line about each input that had no effect."""
        self.log = log
        self.timers: Timers[None] = Timers()
        """The timers of all dialogs, each with its Call-ID for an owner."""

    def serve(self, find: FindServer) -> None:
        """Have requests of the dialogs that `find` knows served by what it returns."""
        self._finders.append(find)

    def server_of(self, request: Request) -> DialogServer | None:
        """The dialog that a request of the far end's belongs to (RFC 3261 §12.2.2)."""
        found = (find(request) for find in self._finders)
        return next((server for server in found if server is not None), None)

    @property
    def flow(self) -> Flow | None:
        """The open connection; messages outside transactions (the ACK of a 2xx) use it."""
        return self._flow()

    def new_timer(self, call_id: str, fire: Callable[[float], None]) -> Timer[None]:
        """Return a timer of the dialogs with this Call-ID; `fire` takes the time in seconds."""
        return self.timers.timer(fire, call_id)

    def retry_after(self) -> tuple[str, str]:
        """A Retry-After of 0 to 10 s for a request that came too early (§14.2)."""
        return ("Retry-After", str(int(self.draw() * 11)))
