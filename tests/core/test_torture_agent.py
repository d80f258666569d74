"""What the agent answers to the torture messages of RFC 4475 and RFC 5118."""

import re

import pytest

from sipcli.sip.message import Request, Response
from tests.core.wire import Wire
from tests.sip.corpus import Case, cases

REQUESTS = [case for case in cases() if case.entry["ua"]["action"] == "respond"]
RESPONSES = [case for case in cases() if case.entry["ua"]["action"] == "drop"]


def answers(data: bytes, wire: Wire) -> list[Response]:
    wire.start()
    sent = len(wire.sent)
    wire.receive(data)
    del wire.sent[:sent]
    assert all(isinstance(message, Response) for message in wire.messages())
    return wire.responses()


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.name)
def test_a_request_gets_one_answer_that_fits_it(case: Case) -> None:
    (response,) = answers(case.data, Wire())
    assert response.status in case.acceptable
    assert response.status not in case.entry["ua"].get("never", [])
    for name in case.entry["ua"].get("must_have_headers", []):
        assert response.headers.get(name)
    hint = case.entry["ua"].get("reason_hint")
    if response.status == 400 and hint:
        assert response.reason not in ("", "Bad Request"), "the reason names the fault"


@pytest.mark.parametrize(
    "case", [one for one in REQUESTS if one.entry["ruri_rewrite"]], ids=lambda case: case.name
)
def test_addressed_to_us_it_is_not_404(case: Case) -> None:
    wire = Wire()
    wire.step(wire.agent.start)
    contact = str(wire_contact(wire)).encode()
    data = re.sub(rb"\A(\S+)(\s+).*?(\s+SIP/)", rb"\1\2" + contact + rb"\3", case.data, count=1)
    (response,) = answers(data, Wire())
    assert response.status in set(case.acceptable) - {404}
    assert response.status not in case.entry["ua"].get("never", [])


@pytest.mark.parametrize("case", RESPONSES, ids=lambda case: case.name)
def test_a_response_to_nothing_is_dropped_with_a_note(case: Case) -> None:
    wire = Wire()
    assert answers(case.data, wire) == []
    assert wire.notes


def wire_contact(wire: Wire) -> object:
    """The Contact URI, the same for every agent of these tests: their identifiers are."""
    wire.open()
    request = wire.last()
    assert isinstance(request, Request)
    return request.contacts[0].uri
