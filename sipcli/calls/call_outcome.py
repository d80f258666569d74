"""What the end of a call of ours means for the exit code (contract §3)."""

from sipcli.calls.call import Call
from sipcli.calls.outcome import NOBODY_THERE
from sipcli.errors import ConnectError, NoAnswerError, RefusedError, SipcliError
from sipcli.shell import MissingPassword


def call_failure(call: Call) -> SipcliError | None:
    """The error that the end of a call of ours amounts to; None where it was answered and well."""
    ended = call.ended
    if call.media_failure is not None:
        return call.media_failure
    if call.is_answered or ended is None:
        return None
    what = f"call to {call.remote}"
    if ended.status is None:
        return ConnectError(f"{what}: {ended.reason}")
    if call.needs_password:
        return MissingPassword(f"{what}: {ended.reason}")
    kind = NoAnswerError if ended.status in NOBODY_THERE else RefusedError
    return kind(f"{what}: {ended.status} {ended.reason}")
