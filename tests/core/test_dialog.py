"""Dialogs: what opens them, what they remember, the requests built in them (RFC 3261 §12)."""

from sipcli.core.calls.offer_answer import description
from sipcli.core.dialogs.dialog import Dialog
from sipcli.sip import build
from sipcli.sip.message import Request
from sipcli.sip.uri import parse_uri
from tests.core.call_wire import ANSWER, SDP, CallWire


def invite(*fields: tuple[str, str]) -> Request:
    always = [
        ("To", "<sip:alice@example.com>"),
        ("From", "<sip:bob@example.com>;tag=b"),
        ("Call-ID", "c1"),
        ("CSeq", "7 INVITE"),
    ]
    return build.request("INVITE", parse_uri("sip:alice@example.com"), [*always, *fields])


def test_who_is_called_keeps_the_route_as_recorded() -> None:  # §12.1.1
    fields = (("Record-Route", "<sip:p1;lr>, <sip:p2;lr>"), ("Contact", "<sip:bob@192.0.2.1>"))
    dialog = Dialog.of_uas(invite(*fields), "a", "<sip:me@x>")
    assert dialog.id == ("c1", "a", "b")
    request = dialog.request("INFO", "test")
    assert [str(route) for route in request.routes] == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert request.target == "sip:bob@192.0.2.1"
    assert (request.from_.tag, request.to.tag) == ("a", "b")
    assert request.cseq.number == 1
    assert dialog.request("INFO", "test").cseq.number == 2
    assert "Contact" not in request.headers
    assert dialog.request("UPDATE", "test").headers.get("Contact") == "<sip:me@x>"


def test_the_target_is_a_sip_uri_without_header_fields() -> None:
    dialog = Dialog.of_uas(invite(("Contact", "<tel:+1555>")), "a", "<sip:me@x>")
    assert dialog.request("BYE", "test").target == "sip:bob@example.com"
    dialog.refresh_target(invite(("Contact", "<sip:bob@host?Route=%3Csip:evil%3E>")))
    assert dialog.request("BYE", "test").target == "sip:bob@host"


def test_a_peer_without_a_tag_is_an_old_one() -> None:
    old = invite()
    old = old.replacing(headers=old.headers.replaced("From", "<sip:bob@example.com>"))
    assert Dialog.of_uas(old, "a", "<sip:me@x>").id == ("c1", "a", "")


def test_numbers_may_leap_and_repeat_but_not_fall() -> None:
    dialog = Dialog.of_uas(invite(), "a", "<sip:me@x>")
    numbers = []
    for number in (7, 9, 9, 8, 2**32 - 1):
        request = invite()
        request = request.replacing(headers=request.headers.replaced("CSeq", f"{number} INFO"))
        numbers.append(dialog.is_in_order(request))
    assert numbers == [True, True, True, False, True]


def test_a_description_is_a_body_of_its_type() -> None:
    wire = CallWire()
    _, request = wire.invite()
    assert description(request) == request.body
    for kind in ("text/plain", "nonsense", "multipart/mixed;boundary=x"):
        headers = request.headers.replaced("Content-Type", kind)
        assert description(request.replacing(headers=headers)) is None
    assert description(request.replacing(headers=request.headers.without(SDP[0]))) is None
    upper = request.headers.replaced("Content-Type", "Application/SDP;charset=utf-8")
    assert description(request.replacing(headers=upper, body=ANSWER)) == ANSWER
