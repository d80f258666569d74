"""Server transactions on a reliable transport (RFC 3261 §17.2, RFC 6026 §8.5-8.7, RFC 4320)."""

from enum import Enum, auto
from typing import TypeAlias

from sipcli.core.transactions.transaction import (
    TRANSACTION_TIMEOUT_S,
    Deliver,
    Effect,
    Ignored,
    Machine,
    Send,
    TimedOut,
    TransactionTimer,
)
from sipcli.sip.message import Request, Response


class InviteServerState(Enum):
    """RFC 6026 figure 5; Confirmed is passed through, since Timer I is zero here."""

    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class InviteServer(Machine[InviteServerState]):
    """INVITE server transaction (RFC 3261 §17.2.1 as corrected by RFC 6026 §8.5)."""

    __slots__ = ("last", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.last: Response | None = None
        """Our latest response, which a repeated INVITE gets again; None before the first."""
        super().__init__(InviteServerState.PROCEEDING)

    def respond(self, response: Response, now: float) -> list[Effect]:
        """Send the user's response; `now` in seconds."""
        state = InviteServerState
        match self.state, response.status // 100:
            case state.PROCEEDING, 1:
                self.last = response
                return [Send(response)]
            case state.PROCEEDING, 2:
                self.last = response
                self._enter(state.ACCEPTED, {TransactionTimer.L: now + TRANSACTION_TIMEOUT_S})
                return [Send(response)]
            case state.PROCEEDING, _:
                self.last = response
                self._enter(state.COMPLETED, {TransactionTimer.H: now + TRANSACTION_TIMEOUT_S})
                return [Send(response)]
            case state.ACCEPTED, 2:
                return [Send(response)]  # repeated until the ACK, also on WebSocket (§13.3.1.4)
            case _:
                return [Ignored(f"our {response.status} to INVITE in state {self.state.name}")]

    def receive(self, request: Request) -> list[Effect]:
        """Take a repeated INVITE, or the ACK to a 300-699 answer."""
        state = InviteServerState
        match self.state, request.method:
            case ((state.PROCEEDING | state.COMPLETED), "INVITE"):
                return [Send(self.last)] if self.last else [Ignored("a repeated INVITE")]
            case state.ACCEPTED, "ACK":
                return [Deliver(request)]
            case state.COMPLETED, "ACK":
                self._enter(state.TERMINATED)
                return [Ignored("the ACK that ends the transaction")]
            case _:
                return [Ignored(f"{request.method} in state {self.state.name}")]

    def expire(self, timer: TransactionTimer) -> list[Effect]:
        """Let one due timer fire."""
        state = InviteServerState
        match self.state, timer:
            case state.COMPLETED, TransactionTimer.H:
                self._enter(state.TERMINATED)
                return [TimedOut()]
            case state.ACCEPTED, TransactionTimer.L:
                self._enter(state.TERMINATED)
                return []
            case _:
                return [Ignored(f"Timer {timer.name} in state {self.state.name}")]


class NonInviteServerState(Enum):
    """RFC 3261 figure 8; Completed is passed through, since Timer J is zero here."""

    TRYING = auto()
    TERMINATED = auto()


class NonInviteServer(Machine[NonInviteServerState]):
    """Non-INVITE server transaction (RFC 3261 §17.2.2).

    It has no Proceeding: RFC 4320 §4.1 allows no provisional response but a late 100, and
    no 408 either, because the client has given up by then.
    """

    __slots__ = ("request",)

    def __init__(self, request: Request, now: float) -> None:
        self.request = request
        super().__init__(
            NonInviteServerState.TRYING, {TransactionTimer.F: now + TRANSACTION_TIMEOUT_S}
        )

    def respond(self, response: Response, now: float) -> list[Effect]:
        """Send the user's final response; `now` in seconds (no timer starts here)."""
        state = NonInviteServerState
        match self.state, response.status:
            case state.TRYING, status if status >= 200 and status != 408:
                self._enter(state.TERMINATED)
                return [Send(response)]
            case _:
                method = self.request.method
                return [Ignored(f"our {response.status} to {method} in state {self.state.name}")]

    def receive(self, request: Request) -> list[Effect]:
        """Handle a repeated request: its response is still pending."""
        return [Ignored(f"{request.method} in state {self.state.name}")]

    def expire(self, timer: TransactionTimer) -> list[Effect]:
        """Let Timer F fire: the client has given up, so no response is of use (RFC 4320 §4.2)."""
        state = NonInviteServerState
        match self.state, timer:
            case state.TRYING, TransactionTimer.F:
                self._enter(state.TERMINATED)
                return []
            case _:
                return [Ignored(f"Timer {timer.name} in state {self.state.name}")]


ServerTransaction: TypeAlias = InviteServer | NonInviteServer
