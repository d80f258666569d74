"""Send one logical INVITE or re-INVITE: answer challenges, cancel, report one failure or 2xx.

    CALLING --1xx--> PROCEEDING --2xx--> ANSWERED (every further 2xx is reported too)
       |                 |
     cancel            cancel, leave                  any --300-699, time-out, loss--> OVER
       v                 v
    CANCEL_WANTED -1xx-> LEAVING --64 * T1--> OVER

A CANCEL may not go out before a provisional response has come (RFC 3261 §9.1).
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol, TypeAlias

from sipcli.core.connection.flow import Flow
from sipcli.core.dialogs.services import DialogServices, HeaderFields
from sipcli.core.requests.exchange import (
    ConnectionLost,
    FinalResponse,
    Unanswered,
    Unauthorized,
    answer_challenge,
)
from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from sipcli.sip import build
from sipcli.sip.message import Request, Response

Failure: TypeAlias = FinalResponse | Unauthorized | Unanswered | ConnectionLost


class InviteExchangeState(Enum):
    """See the figure above."""

    CALLING = auto()
    PROCEEDING = auto()
    CANCEL_WANTED = auto()
    LEAVING = auto()
    ANSWERED = auto()
    OVER = auto()


class InviteExchangeUser(Protocol):
    """The sender of the INVITE."""

    def on_provisional(self, response: Response, now: float) -> None:
        """A response between 101 and 199."""

    def on_success(self, request: Request, response: Response, now: float) -> None:
        """A 2xx to `request`: the first, a repeated one, or another fork's. Each needs an ACK."""

    def on_failure(self, failure: Failure, now: float) -> None:
        """The INVITE failed; called once at most, and not after a 2xx."""


class InviteExchange:
    """Sends an INVITE, answers challenges, cancels in time; `next_cseq` counts for its dialog."""

    def __init__(
        self,
        request: Request,
        flow: Flow,
        services: DialogServices,
        user: InviteExchangeUser,
        next_cseq: Callable[[], int],
    ) -> None:
        self.request = request
        """As it went out last."""
        self._flow = flow
        self._services = services
        self._user = user
        self._next_cseq = next_cseq
        self._auth = services.requester.authenticator.session()
        self._cancel_headers: HeaderFields = ()
        self._final_timer = services.new_timer(request.call_id, self._give_up)
        self._is_reported = False
        """True if its user has heard of the failure before it is over."""
        self.state = InviteExchangeState.CALLING

    def start(self, now: float) -> None:
        """Send it, with credentials where they are known; `now` in seconds."""
        self._send(self._services.requester.authenticator.authorize(self.request), now)

    def cancel(self, now: float, headers: HeaderFields = ()) -> None:
        """Want no answer any more: CANCEL, with these fields, as soon as that is allowed."""
        match self.state:
            case InviteExchangeState.CALLING:
                self._cancel_headers = tuple(headers)
                self.state = InviteExchangeState.CANCEL_WANTED
            case InviteExchangeState.PROCEEDING:
                self._cancel_headers = tuple(headers)
                self._send_cancel(now)

    def leave(self, now: float) -> None:
        """Its dialog is over: the far end owes a final response, wait for it a while."""
        if self.state in (InviteExchangeState.CALLING, InviteExchangeState.PROCEEDING):
            self._leave(now)

    @property
    def is_over(self) -> bool:
        """True if nothing is outstanding."""
        return self.state in (InviteExchangeState.ANSWERED, InviteExchangeState.OVER)

    def on_response(self, response: Response, now: float) -> None:
        """Handle a response from the transaction."""
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._auth.learn(self.request, response)
            self._final_timer.stop()
            self.state = InviteExchangeState.ANSWERED
            self._user.on_success(self.request, response, now)
        elif response.status in (401, 407) and not self._is_unwanted:
            self._challenged(response, now)
        else:
            self._auth.learn(self.request, response)
            self._fail(FinalResponse(self.request, response, 0.0), now)

    def on_useless(self, response: Response, now: float) -> None:
        """A response came that cannot be used: give up, and cancel at the far end.

        It may be ringing there, or answered: later responses are handled as after a CANCEL.
        """
        if self.state is InviteExchangeState.CANCEL_WANTED:
            self._send_cancel(now)
        elif self.state in (InviteExchangeState.CALLING, InviteExchangeState.PROCEEDING):
            self._send_cancel(now)
            self._is_reported = True
            self._user.on_failure(FinalResponse(self.request, response, 0.0), now)

    def on_timeout(self, now: float, dropped: str | None) -> None:
        """Timer B fired: there was no response."""
        self._fail(Unanswered(dropped), now)

    def on_flow_lost(self, now: float) -> None:
        """The connection ended; after a 2xx that does no harm."""
        if not self.is_over:
            self._fail(ConnectionLost(), now)

    @property
    def _is_unwanted(self) -> bool:
        return self.state in (InviteExchangeState.CANCEL_WANTED, InviteExchangeState.LEAVING)

    def _provisional(self, response: Response, now: float) -> None:
        match self.state:
            case InviteExchangeState.CALLING:
                self.state = InviteExchangeState.PROCEEDING
            case InviteExchangeState.CANCEL_WANTED:
                self._send_cancel(now)
        if response.status > 100 and not self._is_unwanted:
            self._user.on_provisional(response, now)

    def _challenged(self, response: Response, now: float) -> None:
        answer = answer_challenge(self._auth, self.request, response, self._next_cseq)
        if isinstance(answer, Unauthorized):
            self._fail(answer, now)
        else:
            self.state = InviteExchangeState.CALLING
            self._send(answer, now)

    def _send(self, request: Request, now: float) -> None:
        self.request = self._services.requester.send(request, self._flow, self, now)

    def _send_cancel(self, now: float) -> None:
        cancel = build.cancel_for(self.request)
        for name, value in self._cancel_headers:
            cancel = cancel.replacing(headers=cancel.headers.appended(name, value))
        self._services.transactions.send(cancel, self._flow, _CancelUser(), now)
        self._leave(now)

    def _leave(self, now: float) -> None:
        self.state = InviteExchangeState.LEAVING
        self._final_timer.start(now + TRANSACTION_TIMEOUT_S)

    def _give_up(self, now: float) -> None:
        """A cancelled INVITE never got its final response (§9.1)."""
        self._services.transactions.forget(self.request)
        self._fail(Unanswered(), now)

    def _fail(self, failure: Failure, now: float) -> None:
        self._final_timer.stop()
        self.state = InviteExchangeState.OVER
        if not self._is_reported:
            self._user.on_failure(failure, now)


class _CancelUser:
    """The user of a CANCEL; its effect shows in the INVITE's final response."""

    def on_response(self, response: Response, now: float) -> None:
        """Do nothing."""

    def on_useless(self, response: Response, now: float) -> None:
        """Do nothing."""

    def on_timeout(self, now: float, dropped: str | None) -> None:
        """Do nothing."""

    def on_flow_lost(self, now: float) -> None:
        """Do nothing."""
