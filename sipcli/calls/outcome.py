"""What the outcome of a request means for the exit code (contract §3)."""

from typing import Final

from sipcli.core.requests.exchange import Answered, Lost, NotSent, Outcome, Unanswered, Unauthorized
from sipcli.errors import ConnectError, NoAnswerError, RefusedError, SipcliError
from sipcli.shell import MissingPassword

NOBODY_THERE: Final = frozenset({408, 480, 487})
"""Final statuses that mean that nobody answered."""


def failure(what: str, outcome: Outcome) -> SipcliError | None:
    """The error that `outcome` of `what` (a noun: "message to ...") amounts to; None for a 2xx."""
    match outcome:
        case Answered(response=response) if response.status // 100 == 2:
            return None
        case Answered(response=response):
            kind = NoAnswerError if response.status in NOBODY_THERE else RefusedError
            return kind(f"{what}: {response.status} {response.reason}")
        case Unauthorized(reason=reason, needs_password=True):
            return MissingPassword(f"{what}: {reason}")
        case Unauthorized(response=response, reason=reason):
            return RefusedError(f"{what}: {response.status}: {reason}")
        case Unanswered():
            return NoAnswerError(f"{what}: no answer within 32 s")
        case Lost():
            return ConnectError(f"{what}: the connection was lost before the answer")
        case NotSent():
            return ConnectError(f"{what}: not sent, there is no connection")
