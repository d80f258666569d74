"""What the end of a call means for the exit code (contract §3)."""

from typing import Final

from sipcli.calls.call import Call
from sipcli.calls.request_errors import refusal
from sipcli.errors import (
    ConnectError,
    MediaError,
    MissingPassword,
    NoAnswerError,
    Phase,
    SipcliError,
)

_NOT_ACCEPTABLE_HERE: Final = 488
"""Ours, for an answer without a session description."""


def call_failure(call: Call) -> SipcliError | None:
    """The error that the end of `call` amounts to; None where it was answered and well.

    An incoming call that nobody answered is none: whoever rejects one does what was asked.
    """
    ended = call.ended
    if call.media_failure is not None:
        return call.media_failure
    if call.is_answered or call.is_incoming or ended is None:
        return None
    if ended.status is None and ended.by == "local":  # it was not even tried
        return ConnectError(ended.reason)
    if ended.status is None:
        return ConnectError(f"{ended.reason} before the answer")
    if call.needs_password:
        return MissingPassword(ended.reason, Phase.ANSWER)
    if ended.by == "remote":
        return refusal(ended.status, f"{ended.status} {ended.reason}")
    if ended.status == _NOT_ACCEPTABLE_HERE:
        return MediaError(ended.reason, Phase.OFFER_ANSWER)
    return NoAnswerError(ended.reason)
