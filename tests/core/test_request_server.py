"""How a request that belongs to no dialog is answered (RFC 3261 §8.2, RFC 3428, RFC 6665)."""

import pytest

from sipcli.core import events
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode
from tests.core.call_wire import CallWire
from tests.core.factories import ALICE, accept, ask, settings
from tests.core.wire import Wire

TEXT = ("Content-Type", "text/plain")


@pytest.fixture
def wire() -> Wire:
    wire = Wire(settings(register=False))
    wire.start()
    return wire


def answer(wire: Wire, request: Request | bytes) -> Response:
    """The one answer to `request`."""
    before = len(wire.responses())
    wire.receive(request)
    (response,) = wire.responses()[before:]
    return response


def words(response: Response, name: str) -> list[str]:
    return [word.strip() for word in (response.headers.get(name) or "").split(",")]


def test_options_says_what_we_can_do(wire: Wire) -> None:
    response = answer(wire, ask("OPTIONS"))
    assert response.status == 200
    assert {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "MESSAGE"} <= set(words(response, "Allow"))
    assert {"application/sdp", "text/plain"} <= set(words(response, "Accept"))
    assert {"outbound", "gruu", "replaces", "timer"} <= set(words(response, "Supported"))
    assert response.headers.get("Accept-Encoding")
    assert response.headers.get("Accept-Language")
    assert response.to.tag


def test_an_answer_repeats_what_it_must_and_goes_back_the_way_it_came(wire: Wire) -> None:
    request = ask("OPTIONS")
    response = answer(wire, request)
    assert response.headers.all("Via") == request.headers.all("Via")
    assert response.headers.get("From") == request.headers.get("From")
    assert (response.call_id, response.cseq) == (request.call_id, request.cseq)
    assert wire.sent[-1][0] == wire.agent.flow


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (ask("FROBNICATE"), 501),
        (ask("REGISTER"), 405),
        (ask("PUBLISH"), 405),
        (ask("SUBSCRIBE", ALICE, ("Event", "presence")), 489),
        (ask("NOTIFY", ALICE, ("Event", "presence")), 489),
        (ask("NOTIFY", ALICE, ("Event", "presence"), to=f"<{ALICE}>;tag=x"), 481),
        (ask("OPTIONS", to=f"<{ALICE}>;tag=x"), 481),
        (ask("INVITE", to=f"<{ALICE}>;tag=x"), 481),
        (ask("BYE"), 481),
        (ask("INFO"), 481),
        (ask("PRACK", ALICE, ("RAck", "1 1 INVITE")), 481),
        (ask("UPDATE"), 481),
        (ask("CANCEL"), 481),
        (ask("REFER", ALICE, ("Refer-To", "<sip:carol@example.com>")), 403),
        (ask("OPTIONS", "sip:carol@example.com"), 404),
        (ask("OPTIONS", "sip:example.com"), 200),
        (ask("OPTIONS", "sip:192.0.2.1:5060;transport=ws"), 200),
        (ask("MESSAGE", "sip:example.com"), 404),
        (ask("MESSAGE", "sip:carol@example.com"), 404),
        (ask("OPTIONS", "tel:+4912345"), 416),
        (ask("OPTIONS", "http://example.com/"), 416),
        (ask("INVITE"), 480),
        (ask("OPTIONS", "sip:alice@another.example"), 200),
    ],
    ids=lambda value: f"{value.method} {value.target}" if isinstance(value, Request) else None,
)
def test_the_status_says_what_is_missing(wire: Wire, request_: Request, status: int) -> None:
    response = answer(wire, request_)
    assert response.status == status
    if status in (405, 501, 489):
        assert "OPTIONS" in words(response, "Allow")


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "MESSAGE"])
def test_an_unknown_requirement_is_named(wire: Wire, method: str) -> None:
    request = ask(method, ALICE, ("Require", "timer, foo"), ("Require", "bar"))
    response = answer(wire, request)
    assert response.status == 420
    assert words(response, "Unsupported") == ["foo", "bar"]


@pytest.mark.parametrize(
    ("fields", "field", "value"),
    [
        ([("Content-Type", "image/png")], "Accept", "text/plain"),
        ([("Content-Type", "text/html")], "Accept", "text/plain"),
        ([], "Accept", "text/plain"),
        ([TEXT, ("Content-Encoding", "gzip")], "Accept-Encoding", "identity"),
    ],
)
def test_content_that_we_cannot_read_is_refused_with_what_we_can(
    wire: Wire, fields: list[tuple[str, str]], field: str, value: str
) -> None:
    response = answer(wire, ask("MESSAGE", ALICE, *fields, body=b"x"))
    assert response.status == 415
    parts = ["multipart/mixed", "multipart/alternative", "multipart/related"]
    kinds = [value, "message/cpim", *parts] if field == "Accept" else [value]
    assert words(response, field) == kinds
    assert wire.told(events.InstantMessage) == []


def test_the_method_is_asked_about_before_all_else_and_the_user_last(wire: Wire) -> None:
    carol = "sip:carol@example.com"
    bad = [("Require", "foo"), ("Content-Type", "image/png")]
    assert answer(wire, ask("PUBLISH", carol, *bad, body=b"x")).status == 405
    assert answer(wire, ask("MESSAGE", "tel:1", *bad, body=b"x")).status == 416
    assert answer(wire, ask("MESSAGE", carol, *bad, body=b"x")).status == 420
    assert answer(wire, ask("MESSAGE", carol, *bad[1:], body=b"x")).status == 415
    assert answer(wire, ask("MESSAGE", carol)).status == 404


def test_a_request_that_is_not_well_formed_is_told_what_is_wrong(wire: Wire) -> None:
    data = encode(ask("OPTIONS"))
    response = answer(wire, data.replace(b"CSeq: 1 OPTIONS", b"CSeq: one OPTIONS"))
    assert response.status == 400
    assert "CSeq" in response.reason
    assert answer(wire, data.replace(b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia")).status == 505
    assert answer(wire, data.replace(b"Call-ID: peer-1\r\n", b"")).status == 400


@pytest.mark.parametrize("method", ["ACK", "OPTIONS"])
def test_the_reason_phrase_never_carries_what_a_peer_wrote(wire: Wire, method: str) -> None:
    data = encode(ask(method)).replace(b"Max-Forwards: 69", "Max-Forwards: \u202e\x1b[2J".encode())
    wire.receive(data)
    assert all(response.reason.isascii() for response in wire.responses())
    assert len(wire.responses()) == (0 if method == "ACK" else 1)


def test_an_ack_is_never_answered(wire: Wire) -> None:
    for uri in (ALICE, "sip:carol@example.com", "tel:1"):
        wire.receive(ask("ACK", uri))
    assert wire.responses() == []


def test_a_response_to_nothing_is_noted_and_dropped(wire: Wire) -> None:
    wire.receive(b"SIP/2.0 200 OK\r\n\r\n")
    wire.receive(b"\x00\x01")
    assert len(wire.notes) == 2
    assert wire.sent == []


def test_refusals_that_nobody_acknowledges_make_way_for_the_next_request(wire: Wire) -> None:
    for number in range(settings().max_transactions):
        wire.receive(ask("INVITE", branch=f"z9hG4bK{number}", call_id=str(number)))
    response = answer(wire, ask("INVITE", branch="z9hG4bKlast", call_id="last"))
    assert response.status == 480
    assert answer(wire, ask("OPTIONS", branch="z9hG4bKnow")).status == 200
    ack = ask("ACK", branch="z9hG4bK0", call_id="0", to=f"{response.to}")
    wire.receive(ack)  # of one that made way
    assert wire.responses()[-1].cseq.method == "OPTIONS"


def test_more_requests_than_we_remember_get_503() -> None:
    wire = CallWire(max_transactions=1)
    wire.ring()
    response = answer(wire, ask("OPTIONS"))
    assert response.status == 503
    assert response.retry_after is not None


# MESSAGE


def test_a_message_is_told_and_accepted(wire: Wire) -> None:
    response = answer(wire, ask("MESSAGE", ALICE, TEXT, body=b"hello"))
    assert response.status == 200
    assert response.body == b""
    assert response.headers.get("Contact") is None  # RFC 3428 §7
    (event,) = wire.told(events.InstantMessage)
    assert (event.direction, event.text, event.sender) == (
        "received",
        "hello",
        "sip:bob@example.com",
    )


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain", "grüß".encode(), "grüß"),
        ("Text/Plain;charset=utf-8", "grüß".encode(), "grüß"),
        ("text/plain;charset=ISO-8859-1", b"gr\xfc\xdf", "grüß"),
        ('text/plain;charset="latin1"', b"gr\xfc\xdf", "grüß"),
        ("text/plain;charset=us-ascii", b"hi", "hi"),
        ("text/plain", b"gr\xfc\xdf", "gr��"),
        ("text/plain;charset=windows-1252", b"\x81\x80", "�€"),
        ("text/plain;charset=nonsense", b"hi", "hi"),
    ],
)
def test_the_text_is_read_in_its_charset_and_nothing_is_fatal(
    wire: Wire, content_type: str, body: bytes, text: str
) -> None:
    wire.receive(ask("MESSAGE", ALICE, ("Content-Type", content_type), body=body))
    assert wire.told(events.InstantMessage)[0].text == text


def test_a_copy_that_took_another_way_is_refused_and_told_once(wire: Wire) -> None:
    message = ask("MESSAGE", ALICE, TEXT, body=b"x")
    assert answer(wire, message).status == 200
    copy = ask("MESSAGE", ALICE, TEXT, branch="z9hG4bKcopy", body=b"x")
    response = answer(wire, copy)
    assert (response.status, response.reason) == (482, "Merged Request")
    assert len(wire.told(events.InstantMessage)) == 1
    again = ask("MESSAGE", ALICE, TEXT, branch="z9hG4bKnext", cseq=2, body=b"x")
    assert answer(wire, again).status == 200


def test_a_merged_copy_is_known_for_as_long_as_it_can_come(wire: Wire) -> None:
    wire.receive(ask("MESSAGE", ALICE, TEXT, body=b"x"))
    wire.advance(31)
    assert answer(wire, ask("MESSAGE", branch="z9hG4bK2")).status == 482
    wire.advance(2)
    assert answer(wire, ask("MESSAGE", branch="z9hG4bK3")).status == 200


def test_a_merged_invite_is_refused_while_the_other_is_alive(wire: Wire) -> None:
    assert answer(wire, ask("INVITE")).status == 480
    assert answer(wire, ask("INVITE", branch="z9hG4bKcopy")).status == 482


def test_a_cancel_of_an_invite_that_has_its_answer_gets_200_and_changes_nothing(wire: Wire) -> None:
    assert answer(wire, ask("INVITE")).status == 480
    assert answer(wire, ask("CANCEL")).status == 200


def test_we_are_found_by_our_contact_and_by_both_gruus() -> None:
    wire = Wire()
    wire.start()
    register = wire.last()
    gruus = {"pub_gruu": '"sip:alice@example.com;gr=1"', "temp_gruu": '"sip:t3mp@example.com;gr"'}
    temporary = ask("OPTIONS", "sip:t3mp@example.com;gr")
    assert answer(wire, temporary).status == 404
    wire.receive(accept(register, 600, **gruus))
    for uri in (str(register.contacts[0].uri), "sip:alice@example.com;gr=1"):
        assert answer(wire, ask("OPTIONS", uri, branch=f"z9hG4bK{len(uri)}")).status == 200
    assert answer(wire, temporary).status == 200
