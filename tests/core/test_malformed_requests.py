"""What the agent makes of requests that are malformed, too large or not for us."""

import pytest

from sipcli.core.calls.events import Ended
from sipcli.core.fault_reports import MAX_REPORTS, MIN_INTERVAL_S
from sipcli.sip.parser import encode
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, CallWire
from tests.core.damage import TOO_LARGE, Damage
from tests.core.factories import ask


@pytest.fixture
def phone() -> CallWire:
    return CallWire()


def test_a_malformed_request_is_refused_and_told(phone: CallWire) -> None:
    data = encode(ask("INVITE")).replace(b"Content-Length: 0", b"Content-Length: 7")
    phone.receive(data)
    assert phone.responses()[-1].status == 400
    assert phone.warnings() == [
        "an INVITE was refused with 400: Content-Length Is Greater Than The Body"
    ]


def test_a_malformed_ack_is_told_though_it_gets_no_answer(phone: CallWire) -> None:
    before = len(phone.sent)
    phone.receive(encode(ask("ACK")).replace(b"CSeq: 1 ACK", b"CSeq: ACK"))
    assert len(phone.sent) == before
    (text,) = phone.warnings()
    assert text.startswith("an ACK was dropped: Malformed CSeq")
    assert text.endswith("(at character 1)")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Content-Length: 0", b"Content-Length: 5"),
        (b"\r\n\r\n", b"\r\nMax-Forwards: many\r\n\r\n"),
        (b"\r\n\r\n", b"\r\nContact: ,<>\r\n\r\n"),
        (b"\r\n\r\n", b""),
    ],
)
def test_an_ack_with_a_fault_beside_the_point_acknowledges(
    phone: CallWire, old: bytes, new: bytes
) -> None:
    invite = phone.ring()
    phone.step(phone.calls.accept, invite.call_id, ANSWER)
    phone.receive(encode(phone.inside(phone.responses()[-1], "ACK", cseq=10)).replace(old, new, 1))
    assert "an ACK is malformed but still used" in phone.warnings()[0]
    phone.advance(100)
    assert phone.heard(Ended) == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data.removesuffix(b"\r\n\r\n"), "No Blank Line After The Header"),
        (lambda data: data.replace(b"\r\n", b"\n"), "Lines End With LF Instead Of CRLF"),
        (lambda data: data + b"more", "More Bytes Than Content-Length Says"),
    ],
)
def test_a_request_with_a_harmless_fault_is_served_and_told(
    phone: CallWire, damage: Damage, reason: str
) -> None:
    phone.receive(damage(encode(ask("OPTIONS"))))
    assert phone.responses()[-1].status == 200
    (text,) = phone.warnings()
    assert text.startswith(f"an OPTIONS is malformed but still used: {reason}")


def test_a_request_above_the_bound_gets_513_and_the_connection_stays(phone: CallWire) -> None:
    data = encode(ask("MESSAGE", body=b"x" * TOO_LARGE))
    phone.receive(data)
    assert phone.responses()[-1].status == 513
    assert phone.warnings() == ["a MESSAGE was refused with 513: Message Too Large"]
    phone.receive(ask("OPTIONS", branch="z9hG4bKnext", call_id="next"))
    assert phone.responses()[-1].status == 200


def test_what_is_no_message_is_told_with_its_beginning(phone: CallWire) -> None:
    phone.receive(b"\r\nHTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")
    phone.receive(b"\xff" * 500)
    assert phone.warnings() == [
        'the server sent something that is not a SIP message, "HTTP/1.1 400 Bad Request": '
        "Malformed Request-Line",
        f'the server sent something that is not a SIP message, "{"�" * 60}…": '
        "Malformed Request-Line",
    ]


def test_a_flood_of_faults_is_told_within_bounds(phone: CallWire) -> None:
    for number in range(1000):
        phone.receive(f"garbage{number}".encode())
        phone.receive(b"garbage")
    texts = phone.warnings()
    assert len(texts) == MAX_REPORTS + 1
    assert "more malformed messages arrived" in texts[-1]
    phone.advance(MIN_INTERVAL_S)
    phone.receive(b"garbage")
    assert len(phone.warnings()) == MAX_REPORTS + 2
    assert "not a SIP message" in phone.warnings()[-1]


def test_a_harmless_fault_that_is_in_all_messages_is_told_once(phone: CallWire) -> None:
    for number, method in enumerate(["OPTIONS", "MESSAGE"] * 2):
        request = ask(method, branch=f"z9hG4bK{number}", call_id=f"c{number}")
        phone.receive(encode(request) + b"more")
    (text,) = phone.warnings()
    assert text.startswith("an OPTIONS is malformed but still used")


def test_a_userless_options_is_for_us_and_nothing_else_is(phone: CallWire) -> None:
    statuses = {}
    for number, method in enumerate(["OPTIONS", "MESSAGE", "INVITE"]):
        request = ask(
            method, str(SipUri(host="192.0.2.1")), branch=f"z9hG4bK{number}", call_id=f"c{number}"
        )
        phone.receive(request)
        statuses[method] = phone.responses()[-1].status
    assert statuses == {"OPTIONS": 200, "MESSAGE": 404, "INVITE": 404}


def test_ice_is_an_extension_that_we_have(phone: CallWire) -> None:
    phone.ring(("Require", "ice"))
    assert phone.responses()[-1].status == 180
    phone.invite()
    assert "ice" in phone.requests("INVITE")[-1].supported
