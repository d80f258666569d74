"""Callers of RFC 2543, whose branches say nothing and who show no Contact; and CANCEL."""

import pytest

from sipcli.sip.message import Request
from tests.core.call_wire import ANSWER, OFFER, CallWire, word


@pytest.fixture
def phone() -> CallWire:
    return CallWire()


def test_an_invite_of_rfc_2543_is_answered_and_can_be_ended(phone: CallWire) -> None:
    head = (
        b"Via: SIP/2.0/UDP iftgw.example.com\r\n"
        b"From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n"
        b"To: sip:+16505552222@ss1.example.net;user=phone%s\r\n"
        b"Call-ID: inv2543.1717@ift.client.example.com\r\n"
        b"CSeq: 56 %s\r\n"
    )
    rest = (
        b"Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\n"
        b"Content-Type: application/sdp\r\n\r\n"
    )
    start = b" sip:alice@example.com SIP/2.0\r\n"
    phone.fresh()
    phone.receive(b"INVITE" + start + head % (b"", b"INVITE") + rest + OFFER)
    assert phone.words() == ["180 INVITE"]
    call = "inv2543.1717@ift.client.example.com"
    phone.step(phone.calls.accept, call, ANSWER)
    tag = phone.responses()[-1].to.tag
    assert phone.words() == ["200 INVITE"]
    assert tag is not None
    phone.receive(b"ACK" + start + head % (b";tag=" + tag.encode(), b"ACK") + b"\r\n")
    phone.advance(40)
    assert phone.words() == [], "the 200 was acknowledged, and is not repeated"
    phone.step(phone.calls.hang_up, call)
    (bye,) = phone.fresh()
    assert isinstance(bye, Request)
    # The proxy is a strict router, and the caller is where its From says.
    assert str(bye.uri) == "sip:UserB@example.com;maddr=ss1.example.com"
    assert bye.headers.all("Route") == ("<sip:+13035551111@ift.client.example.net;user=phone>",)
    assert bye.to.tag is None


def test_a_cancel_of_rfc_2543_is_matched_without_a_branch(phone: CallWire) -> None:
    invite = phone.ring()
    bare = invite.headers.replaced("Via", "SIP/2.0/UDP old.example.com").without("Contact")
    phone.step(phone.calls.reject, invite.call_id, 486)
    old = invite.replacing(headers=bare.replaced("Call-ID", "old"))
    phone.receive(old)
    phone.fresh()
    phone.cancel(old)
    assert phone.words() == ["200 CANCEL", "487 INVITE"]


def test_an_invite_of_today_has_to_show_a_contact(phone: CallWire) -> None:
    phone.ring(contact=None)
    assert [phone.responses()[-1].status, phone.responses()[-1].reason] == [400, "Missing Contact"]


@pytest.mark.parametrize("state", ["ringing", "refused", "answered", "offer wanted reliably"])
def test_a_cancel_and_its_invite_have_one_to_tag(phone: CallWire, state: str) -> None:
    reliable = state == "offer wanted reliably"
    invite = phone.ring(
        *([("Require", "100rel")] if reliable else []), body=b"" if reliable else OFFER
    )
    if state == "refused":
        phone.step(phone.calls.reject, invite.call_id, 486)
    if state == "answered":
        phone.step(phone.calls.accept, invite.call_id, ANSWER)
    phone.cancel(invite)
    tags = {response.to.tag for response in phone.responses()}
    assert len(tags) == 1
    assert None not in tags
    assert "200 CANCEL" in [word(response) for response in phone.responses()]
