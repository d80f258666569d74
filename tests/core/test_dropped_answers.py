"""Answers that are dropped: the sentence about the timeout has the reason (RFC 3261 §8.1.3.3)."""

import re
from collections.abc import Callable

import pytest

from sipcli.core.calls.events import Ended
from sipcli.core.events import RegistrationFailed
from sipcli.core.requests.exchange import Outcome, Unanswered
from sipcli.phone.errors import failure
from sipcli.sip import build
from sipcli.sip.message import Response
from sipcli.sip.parser import encode
from tests.core.call_wire import BOB, CallWire
from tests.core.factories import accept
from tests.core.wire import Wire


def two_vias(answer: Response) -> bytes:
    other = b"\r\nVia: SIP/2.0/WSS other.invalid;branch=z9hG4bKx\r\nFrom:"
    return encode(answer).replace(b"\r\nFrom:", other)


def another_branch(answer: Response) -> bytes:
    return re.sub(rb"branch=\w+", b"branch=z9hG4bKother", encode(answer))


def junk(answer: Response) -> bytes:
    return b"HTTP/1.1 200 OK"


DROPPED: dict[Callable[[Response], bytes], str] = {
    two_vias: "More Than One Via In A Response",
    another_branch: "Via Branch Is Not That Of The Request",
    junk: 'not a SIP message, "HTTP/1.1',
}
"""What answers nothing -> what the sentence about the timeout says of it."""


@pytest.mark.parametrize(("damage", "reason"), DROPPED.items())
def test_a_registrar_whose_answer_was_dropped_is_told_with_the_reason(
    damage: Callable[[Response], bytes], reason: str
) -> None:
    wire = Wire(retry_forever=False)
    wire.start()
    wire.receive(damage(accept(wire.last())))
    wire.advance(33)
    (failed,) = wire.told(RegistrationFailed)
    assert failed.reason.startswith("the registrar does not answer; ")
    assert reason in failed.reason


@pytest.mark.parametrize(("damage", "reason"), DROPPED.items())
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "MESSAGE"])
def test_a_far_end_whose_answer_was_dropped_is_told_with_the_reason(
    method: str, damage: Callable[[Response], bytes], reason: str
) -> None:
    phone = CallWire()
    outcomes: list[Outcome] = []
    match method:
        case "INVITE":
            phone.invite()
        case "OPTIONS":
            phone.step(phone.agent.ping, BOB, outcomes.append)
        case _:
            phone.step(phone.agent.send_message, BOB, "hi", outcomes.append)
    phone.receive(damage(build.response(phone.last(), 200, to_tag="b")))
    phone.advance(33)
    said = phone.heard(Ended)[0].reason if method == "INVITE" else str(failure("it", outcomes[0]))
    assert reason in said


def test_what_may_answer_either_of_two_requests_explains_neither() -> None:
    phone = CallWire()
    first: list[Outcome] = []
    second: list[Outcome] = []
    phone.step(phone.agent.ping, BOB, first.append)
    phone.step(phone.agent.ping, BOB, second.append)
    phone.receive(junk(build.response(phone.last(), 200)))
    phone.receive(another_branch(build.response(phone.last(), 200)))
    phone.advance(33)
    assert first == [Unanswered()]
    assert isinstance(second[0], Unanswered)
    assert "Via Branch Is Not" in second[0].note
