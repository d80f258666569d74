"""What the end of a call, or of a request, means: which error, and which phase."""

from typing import Any

import pytest

from sipcli.errors import (
    ConnectError,
    MediaError,
    MissingPassword,
    NoAnswerError,
    Phase,
    RefusedError,
    SipcliError,
)
from sipcli.phone.errors import refusal
from sipcli.phone.events import By, CallEnded
from tests.expect.told_calls import FakeCall


class Ended(FakeCall):
    """A call that is over."""

    def __init__(self, ended: CallEnded, **changes: Any) -> None:
        super().__init__("c", media_failure=changes.pop("media_failure", None))
        self.ended = ended
        self.is_answered = changes.pop("is_answered", False)
        self.is_incoming = changes.pop("is_incoming", False)
        self._needs_password = changes.pop("needs_password", False)
        assert not changes


def failure(
    by: By, status: int | None, reason: str, **changes: Any
) -> tuple[type[SipcliError], str] | None:
    """What a call of ours that ended like this amounts to."""
    ended = CallEnded(call="c", by=by, status=status, reason=reason, duration_s=0.0, stats=None)
    error = Ended(ended, **changes).failure
    return None if error is None else (type(error), str(error))


@pytest.mark.parametrize(
    ("by", "status", "reason", "error", "sentence"),
    [
        ("remote", 486, "Busy Here", RefusedError, "answer: 486 Busy Here"),
        ("remote", 408, "Request Timeout", NoAnswerError, "ring: 408 Request Timeout"),
        ("local", 487, "nobody answered within 5 s", NoAnswerError, "ring: nobody answered"),
        ("network", 481, "the far end said 481 to our PRACK", RefusedError, "answer: the far end"),
        ("network", 480, "the far end said 480 to our PRACK", NoAnswerError, "ring: the far end"),
        ("network", 408, "no response to the INVITE", NoAnswerError, "ring: no response to"),
        ("network", None, "the connection was lost", ConnectError, "WebSocket: the connection"),
        ("local", 488, "no session description", MediaError, "offer/answer: no session"),
    ],
)
def test_a_call_that_was_never_answered_names_its_phase(
    by: By, status: int | None, reason: str, error: type[SipcliError], sentence: str
) -> None:
    found = failure(by, status, reason)
    assert found is not None
    assert found[0] is error
    assert found[1].startswith(sentence)


def test_a_password_that_is_missing_is_told_as_such() -> None:
    found = failure("remote", 407, "no password is set", needs_password=True)
    assert found == (MissingPassword, "answer: no password is set")


def test_an_answered_call_fails_by_its_media_alone() -> None:
    assert failure("local", None, "hung up", is_answered=True) is None
    dead = MediaError("it died")
    found = failure("network", None, "it died", is_answered=True, media_failure=dead)
    assert found == (MediaError, "audio: it died")


def test_an_incoming_call_that_is_rejected_is_no_failure() -> None:
    assert failure("local", 486, "Busy Here", is_incoming=True) is None


@pytest.mark.parametrize(
    ("status", "phase"),
    [(488, Phase.OFFER_ANSWER), (606, Phase.OFFER_ANSWER), (603, Phase.ANSWER), (480, Phase.RING)],
)
def test_a_refusal_of_the_description_is_none_of_the_call(status: int, phase: Phase) -> None:
    assert refusal(status, "so it is").phase is phase


def test_a_refusal_says_what_may_help_where_that_is_known() -> None:
    text = str(refusal(488, "488 Not Acceptable Here"))
    assert text == (
        "offer/answer: 488 Not Acceptable Here; check codecs, and that the far end supports WebRTC"
    )
