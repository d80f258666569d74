"""Maps failed requests, and failures of the connection and the registration, to errors."""

from dataclasses import dataclass
from typing import Final

from sipcli.core.requests.exchange import (
    ConnectionLost,
    FinalResponse,
    NotSent,
    Outcome,
    Unanswered,
    Unauthorized,
)
from sipcli.core.requests.queries import final_status
from sipcli.errors import (
    ConnectError,
    MissingPassword,
    NoAnswerError,
    Phase,
    RefusedError,
    RegistrationError,
    SipcliError,
)
from sipcli.phone import events
from sipcli.sip.build import USELESS
from sipcli.text import one_line

NO_ANSWER: Final = frozenset({408, 480, 487})
"""Final statuses that mean that the call was not answered."""
_SDP_REFUSED: Final = frozenset({415, 488, 606})
"""Final statuses that refuse the session description (RFC 3261 §21.4.26)."""
_HINTS: Final = {
    403: "the server does not let you reach it",
    480: "not available now: is the far end registered?",
    488: "check codecs, and that the far end supports WebRTC",
    502: "the server could not reach the far end's network",
    503: "the server, or one behind it, is down or overloaded",
}
"""Final status -> its likely cause, or what to check."""


@dataclass(frozen=True, slots=True)
class PingResult:
    """The result of one OPTIONS (RFC 3261 §11)."""

    status: int | None
    """The final status; None without a response."""
    rtt_ms: float | None
    """From the request that was answered to its final response; None without one."""
    failure: SipcliError | None
    """Why it failed; None for a 2xx."""


def ping_result(target: str, outcome: Outcome) -> PingResult:
    """Return the result of an OPTIONS to `target`."""
    return PingResult(
        status=final_status(outcome),
        rtt_ms=outcome.rtt * 1000 if isinstance(outcome, FinalResponse) else None,
        failure=failure(f"ping {target}", outcome),
    )


def failure(what: str, outcome: Outcome) -> SipcliError | None:
    """Return the error for `outcome` of `what` (a noun: "message to ..."); None for a 2xx."""
    match outcome:
        case FinalResponse(response=response) if response.status // 100 == 2:
            return None
        case FinalResponse(response=response):
            return refusal(response.status, f"{what}: {response.status} {response.reason}")
        case Unauthorized(reason=reason, needs_password=True):
            return MissingPassword(f"{what}: {reason}", Phase.ANSWER)
        case Unauthorized(response=response, reason=reason):
            return RefusedError(f"{what}: {response.status}: {reason}")
        case Unanswered(note=note):
            return NoAnswerError(f"{what}: no answer within 32 s{note}")
        case ConnectionLost():
            return ConnectError(f"{what}: the connection was lost before the answer")
        case NotSent(reason=reason):
            return ConnectError(f"{what}: not sent, {reason}")


def refusal(status: int, text: str) -> SipcliError:
    """Return the error for a final `status` (300 to 699): `text`, and a hint if there is one."""
    hint = None if USELESS in text else _HINTS.get(status)
    text = text if hint is None else f"{text}; {hint}"
    if status in NO_ANSWER:
        return NoAnswerError(text)
    return RefusedError(text, Phase.OFFER_ANSWER if status in _SDP_REFUSED else None)


def shown(error: SipcliError) -> SipcliError:
    """Return `error` with control characters in its text escaped: it may quote the far end."""
    error.text = one_line(error.text)
    return error


_REGISTRATION_HINTS: Final = {
    403: "the account may not register from here",
    404: "the registrar does not know the user of uri",
    405: "this server accepts no registrations: see registrar_server",
    503: "the server is down or overloaded",
}
"""Status of a refused registration -> its likely meaning."""


def connect_error(event: events.ConnectFailed) -> ConnectError:
    """Return the error for a server that could not be reached."""
    return ConnectError(f"{event.server}: {event.reason}", event.phase.whole)


def outage_error(event: events.Disconnected) -> ConnectError:
    """Return the error for a connection that was lost and has not come back."""
    return ConnectError(
        f"the connection to {event.server} was lost and did not come back: {event.reason}"
    )


def registration_error(event: events.RegistrationFailed) -> SipcliError:
    """Return the error for a registrar that refused or did not answer."""
    if event.status is None:
        return NoAnswerError(event.reason, Phase.REGISTRATION)
    if event.needs_password:
        return MissingPassword(event.reason)
    hint = _REGISTRATION_HINTS.get(event.status)
    return RegistrationError(event.reason if hint is None else f"{event.reason}; {hint}")
