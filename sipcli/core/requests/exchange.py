"""Send one logical request: answer its challenges and report one outcome (RFC 3261 §22)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sipcli.core.connection.flow import Flow
from sipcli.core.requests.credentials import AuthRefused, AuthSession
from sipcli.core.requests.requester import Requester
from sipcli.sip.message import Request, Response


@dataclass(frozen=True, slots=True)
class FinalResponse:
    """A final response came, and no challenge that we could answer."""

    request: Request
    """The request that was answered, as it went out."""
    response: Response
    rtt: float
    """Seconds from that request to the response."""


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The response is a 401 or 407 that we cannot answer (any more)."""

    response: Response
    reason: str
    needs_password: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Timer B or F fired (RFC 3261 §17.1.1.2, §17.1.2.2)."""

    dropped: str | None = None
    """The last response that came and could not be used, with the reason; None if none did."""

    @property
    def note(self) -> str:
        """What to append to a sentence about it."""
        return "" if self.dropped is None else f"; {self.dropped}"


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection ended first: whether the request had an effect is unknown."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """There was no connection to send the request on: it had no effect."""

    reason: str = "there is no connection"


Outcome: TypeAlias = FinalResponse | Unauthorized | Unanswered | ConnectionLost | NotSent


class Exchange:
    """Sends a non-INVITE request, answers challenges (RFC 3261 §22), reports one outcome."""

    def __init__(
        self,
        request: Request,
        flow: Flow,
        requester: Requester,
        on_outcome: Callable[["Exchange", Outcome, float], None],
        next_cseq: Callable[[], int] | None = None,
        *,
        auth: AuthSession | None = None,
    ) -> None:
        """`next_cseq` counts for the dialog the request is in; None: it is in none.

        `auth` is what has answered the challenges of the same request in an earlier form.
        """
        self.flow = flow
        self.request = request
        """The last request sent: its CSeq is the number used last."""
        self._requester = requester
        self._report = on_outcome
        self._next_cseq = next_cseq
        self._abandoned = False
        self._session = auth or requester.authenticator.session()
        self._sent_at = 0.0

    def start(self, now: float) -> None:
        """Send the request, with credentials where they are known; `now` in seconds."""
        self._send(self._requester.authenticator.authorize(self.request), now)

    def abandon(self) -> None:
        """Send and report nothing more, whatever comes back: a newer request replaces this one."""
        self._abandoned = True

    def on_response(self, response: Response, now: float) -> None:
        """Handle a response from the transaction."""
        if response.status < 200 or self._abandoned:
            return
        if response.status in (401, 407):
            self._challenged(response, now)
            return
        self._session.learn(self.request, response)
        self._end(FinalResponse(self.request, response, now - self._sent_at), now)

    def on_useless(self, response: Response, now: float) -> None:
        """A response came that cannot be used: it counts as a refusal."""
        self._end(FinalResponse(self.request, response, now - self._sent_at), now)

    def on_timeout(self, now: float, dropped: str | None) -> None:
        """Timer F fired."""
        self._end(Unanswered(dropped), now)

    def on_flow_lost(self, now: float) -> None:
        """The connection ended before a response came."""
        self._end(ConnectionLost(), now)

    def _challenged(self, response: Response, now: float) -> None:
        answer = answer_challenge(self._session, self.request, response, self._next_cseq)
        if isinstance(answer, Unauthorized):
            self._end(answer, now)
        else:
            self._send(answer, now)

    def _end(self, outcome: Outcome, now: float) -> None:
        if not self._abandoned:
            self._report(self, outcome, now)

    def _send(self, request: Request, now: float) -> None:
        self._sent_at = now
        self.request = self._requester.send(request, self.flow, self, now)


def answer_challenge(
    session: AuthSession,
    request: Request,
    response: Response,
    next_cseq: Callable[[], int] | None = None,
) -> Request | Unauthorized:
    """Return the next attempt after a 401 or 407, with a new CSeq (RFC 3261 §22.2), or why none."""
    answer = session.answer(request, response)
    if isinstance(answer, AuthRefused):
        return Unauthorized(response, answer.reason, answer.needs_password)
    cseq = request.cseq
    number = cseq.number + 1 if next_cseq is None else next_cseq()
    return answer.replacing(headers=answer.headers.replaced("CSeq", f"{number} {cseq.method}"))
