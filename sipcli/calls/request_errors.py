"""What the outcome of a request means for the exit code (contract §3)."""

from typing import Final

from sipcli.core.requests.exchange import Answered, Lost, NotSent, Outcome, Unanswered, Unauthorized
from sipcli.errors import (
    ConnectError,
    MissingPassword,
    NoAnswerError,
    Phase,
    RefusedError,
    SipcliError,
)
from sipcli.sip.build import USELESS

_NO_ANSWER: Final = frozenset({408, 480, 487})
"""Final statuses that mean that nobody answered."""
_SDP_REFUSED: Final = frozenset({415, 488, 606})
"""Those that refuse the session description (RFC 3261 §21.4.26)."""
_HINTS: Final = {
    403: "the server does not let you reach it",
    480: "nobody is there just now: is the far end registered?",
    488: "see codecs, and whether the far end speaks WebRTC",
    502: "the server did not get through to the far end's side",
    503: "the server, or what lies behind it, is down or has too much to do",
}
"""The likely step, and what may help, where the status alone tells."""


def failure(what: str, outcome: Outcome) -> SipcliError | None:
    """The error that `outcome` of `what` (a noun: "message to ...") amounts to; None for a 2xx."""
    match outcome:
        case Answered(response=response) if response.status // 100 == 2:
            return None
        case Answered(response=response):
            return refusal(response.status, f"{what}: {response.status} {response.reason}")
        case Unauthorized(reason=reason, needs_password=True):
            return MissingPassword(f"{what}: {reason}", Phase.ANSWER)
        case Unauthorized(response=response, reason=reason):
            return RefusedError(f"{what}: {response.status}: {reason}")
        case Unanswered():
            return NoAnswerError(f"{what}: no answer within 32 s")
        case Lost():
            return ConnectError(f"{what}: the connection was lost before the answer")
        case NotSent(reason=reason):
            return ConnectError(f"{what}: not sent, {reason}")


def refusal(status: int, text: str) -> SipcliError:
    """The error that a final `status` (300 to 699) amounts to; `text` gets its cure."""
    hint = None if USELESS in text else _HINTS.get(status)
    text = text if hint is None else f"{text}; {hint}"
    if status in _NO_ANSWER:
        return NoAnswerError(text)
    return RefusedError(text, Phase.OFFER_ANSWER if status in _SDP_REFUSED else None)
