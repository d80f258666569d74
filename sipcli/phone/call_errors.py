"""Maps the end of a call to an error and its exit code (contract §3)."""

from typing import Final

from sipcli.errors import (
    ConnectError,
    MediaError,
    MissingPassword,
    NoAnswerError,
    Phase,
    RefusedError,
    SipcliError,
)
from sipcli.phone.managed_call import Call
from sipcli.phone.request_errors import NO_ANSWER, refusal

_NOT_ACCEPTABLE_HERE: Final = 488
"""The status of a call that we end because its answer has no usable session description."""


def call_failure(call: Call) -> SipcliError | None:
    """Return the error that `call` ended with; None if it was answered and its media worked.

    An incoming call that was not answered is no error: rejecting one is a valid outcome.
    """
    ended = call.ended
    if call.media_failure is not None:
        return call.media_failure
    if call.is_answered or call.is_incoming or ended is None:
        return None
    if ended.status is None and ended.by == "local":  # no INVITE was sent
        return ConnectError(ended.reason)
    if ended.status is None:
        return ConnectError(f"{ended.reason} before the answer")
    if call.needs_password:
        return MissingPassword(ended.reason, Phase.ANSWER)
    if ended.by == "remote":
        return refusal(ended.status, f"{ended.status} {ended.reason}")
    if ended.status == _NOT_ACCEPTABLE_HERE:
        return MediaError(ended.reason, Phase.OFFER_ANSWER)
    return NoAnswerError(ended.reason) if ended.status in NO_ANSWER else RefusedError(ended.reason)
