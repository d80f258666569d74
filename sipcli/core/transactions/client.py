"""Client transactions on a reliable transport (RFC 3261 §17.1, RFC 6026 §8.4, RFC 4320)."""

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
from sipcli.sip.build import ack_for
from sipcli.sip.message import Request, Response


class InviteClientState(Enum):
    """RFC 3261 figure 5; Completed is passed through, since Timer D is zero here."""

    CALLING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class InviteClient(Machine[InviteClientState]):
    """INVITE client transaction (RFC 3261 §17.1.1 as corrected by RFC 6026 §8.4)."""

    __slots__ = ("request",)

    def __init__(self, request: Request, now: float) -> None:
        self.request = request
        super().__init__(
            InviteClientState.CALLING, {TransactionTimer.B: now + TRANSACTION_TIMEOUT_S}
        )

    def receive(self, response: Response, now: float) -> list[Effect]:
        """Take one response to the INVITE; `now` in seconds on the caller's monotonic clock."""
        state = InviteClientState
        match self.state, response.status // 100:
            case ((state.CALLING | state.PROCEEDING), 1):
                self._enter(state.PROCEEDING)  # Timer B stops: a phone may ring forever
                return [Deliver(response)]
            case ((state.CALLING | state.PROCEEDING), 2):
                self._enter(state.ACCEPTED, {TransactionTimer.M: now + TRANSACTION_TIMEOUT_S})
                return [Deliver(response)]
            case ((state.CALLING | state.PROCEEDING), _):
                self._enter(state.TERMINATED)
                return [Send(ack_for(self.request, response)), Deliver(response)]
            case state.ACCEPTED, 2:
                return [Deliver(response)]  # its user repeats the ACK, or ends a fork (§13.2.2.4)
            case _:
                return [Ignored(f"{response.status} to INVITE in state {self.state.name}")]

    def expire(self, timer: TransactionTimer) -> list[Effect]:
        """Let one due timer fire."""
        state = InviteClientState
        match self.state, timer:
            case state.CALLING, TransactionTimer.B:
                self._enter(state.TERMINATED)
                return [TimedOut()]
            case state.ACCEPTED, TransactionTimer.M:
                self._enter(state.TERMINATED)
                return []
            case _:
                return [Ignored(f"Timer {timer.name} in state {self.state.name}")]


class NonInviteClientState(Enum):
    """RFC 3261 figure 6; Completed is passed through, since Timer K is zero here."""

    TRYING = auto()
    PROCEEDING = auto()
    TERMINATED = auto()


class NonInviteClient(Machine[NonInviteClientState]):
    """Non-INVITE client transaction (RFC 3261 §17.1.2)."""

    __slots__ = ("request",)

    def __init__(self, request: Request, now: float) -> None:
        self.request = request
        super().__init__(
            NonInviteClientState.TRYING, {TransactionTimer.F: now + TRANSACTION_TIMEOUT_S}
        )

    def receive(self, response: Response, now: float) -> list[Effect]:
        """Take one response; `now` in seconds (no timer of this machine starts later than it)."""
        state = NonInviteClientState
        match self.state, response.status // 100:
            case ((state.TRYING | state.PROCEEDING), 1):
                self._enter(state.PROCEEDING, self.deadlines)  # F lives on (§17.1.2.2)
                return [Deliver(response)]
            case ((state.TRYING | state.PROCEEDING), _):
                self._enter(state.TERMINATED)
                return [Deliver(response)]
            case _:
                method = self.request.method
                return [Ignored(f"{response.status} to {method} in state {self.state.name}")]

    def expire(self, timer: TransactionTimer) -> list[Effect]:
        """Let one due timer fire."""
        state = NonInviteClientState
        match self.state, timer:
            case ((state.TRYING | state.PROCEEDING), TransactionTimer.F):
                self._enter(state.TERMINATED)
                return [TimedOut()]
            case _:
                return [Ignored(f"Timer {timer.name} in state {self.state.name}")]


ClientTransaction: TypeAlias = InviteClient | NonInviteClient
