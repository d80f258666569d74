"""Header values of a hostile peer in and around a call: nothing raises, the call goes on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.core.calls.events import Ended
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode
from tests.core.call_wire import ANSWER, CallWire

pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests

NAMES = (
    "Allow",
    "Contact",
    "Content-Type",
    "Event",
    "Expires",
    "Info-Package",
    "Min-SE",
    "RAck",
    "RSeq",
    "Reason",
    "Record-Route",
    "Refer-Sub",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Require",
    "Retry-After",
    "Route",
    "Session-Expires",
    "Subscription-State",
    "Supported",
    "Warning",
)
VALUES = st.one_of(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=30),
    st.sampled_from(
        [
            "<sip:x>",
            "<sip:a@b;method=INVITE?Replaces=a>",
            '"\x00" <sip:a\x00@b>',
            "<tel:1>, <sip:b;lr>",
            "<sip:strict>",
            "99999999999",
            "-1",
            "0;refresher=uac",
            "1 1 INVITE",
            "100rel, timer",
            "refer;id=1",
            "terminated;reason=",
            'SIP;cause=99999;text="\x07"',
            "a;to-tag=b;from-tag=c",
            "application/sdp",
            "multipart/mixed;boundary=0",
            "multipart/alternative",
            "message/cpim",
            "application/dtmf",
            "message/sipfrag",
            "UPDATE",
            "true",
            "*",
            "",
        ]
    ),
)
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5)
METHODS = (
    "INVITE",
    "UPDATE",
    "PRACK",
    "INFO",
    "REFER",
    "NOTIFY",
    "ACK",
    "MESSAGE",
    "OPTIONS",
    "SUBSCRIBE",
)
STATUSES = (100, 180, 183, 199, 200, 202, 302, 401, 407, 408, 422, 481, 488, 491, 500, 503, 603)


def tampered(message: Request | Response, fields: list[tuple[str, str]]) -> bytes:
    """The message with these fields added at its top, whatever is in them."""
    start, _, rest = encode(message).partition(b"\r\n")
    lines = [f"{name}: {value}".encode("latin-1") for name, value in fields]
    return b"\r\n".join([start, *lines, rest])


@given(st.lists(st.tuples(st.sampled_from(METHODS), FIELDS, st.booleans()), max_size=8))
@settings(max_examples=200, deadline=None)
def test_requests_in_a_dialog(
    attacks: list[tuple[str, list[tuple[str, str]], bool]],
) -> None:
    wire = CallWire()
    call, invite = wire.talk()
    for number, (method, fields, has_body) in enumerate(attacks):
        body = b"SIP/2.0 200 OK" if has_body else b""
        request = wire.inside(invite, method, cseq=20 + number, body=body, contact=None)
        wire.receive(tampered(request, fields))
    wire.step(wire.calls.hang_up, call)
    wire.advance(200)
    assert len(wire.heard(Ended)) == 1
    assert wire.calls.is_idle


@given(st.lists(st.tuples(st.sampled_from(STATUSES), FIELDS, st.booleans()), max_size=8))
@settings(max_examples=200, deadline=None)
def test_responses_to_an_invite(
    attacks: list[tuple[int, list[tuple[str, str]], bool]],
) -> None:
    wire = CallWire()
    call, invite = wire.invite()
    for number, (status, fields, has_body) in enumerate(attacks):
        request = wire.requests()[-1] if number % 2 else invite
        scratch = CallWire()
        body = ANSWER if has_body else b""
        answer = scratch.reply(request, status, tag=f"t{number % 3}", body=body, contact=None)
        wire.receive(tampered(answer, fields))
    wire.step(wire.calls.hang_up, call)
    wire.advance(200)
    assert len(wire.heard(Ended)) == 1
    assert wire.calls.is_idle


@given(FIELDS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_an_invite(fields: list[tuple[str, str]], has_body: bool) -> None:
    wire = CallWire()
    scratch = CallWire()
    invite = scratch.ring(body=ANSWER if has_body else b"")
    wire.receive(tampered(invite, fields))
    if wire.heard(Ended) == [] and wire.call_events:
        wire.step(wire.calls.progress, "in-1", body=ANSWER)
        wire.step(wire.calls.accept, "in-1", ANSWER)
        wire.step(wire.calls.hang_up, "in-1")
    wire.advance(200)
    assert wire.calls.is_idle
