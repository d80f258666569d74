"""Who may transfer our calls where, and how often; how each request for it is decided on."""

import pytest

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import WsServer
from sipcli.config.settings import BY_NAME
from sipcli.core.calls.calls import NoSuchCall
from sipcli.core.calls.events import (
    Calling,
    RedirectDecided,
    TransferDecided,
    TransferRequested,
)
from sipcli.core.calls.gate import (
    DECISION_TIMEOUT_S,
    NO_ONE_TO_ASK,
    NO_ROOM,
    NOT_PERMITTED,
    UNDECIDED,
)
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.core.calls.transfer import MAX_REFERS
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, OFFER, CallWire
from tests.core.factories import ALPHA

CAROL = SipUri.parse("sip:carol@example.com")


def policy(*words: str) -> PeerPolicy:
    found = BY_NAME["transfers"].kind.from_words(words)
    assert isinstance(found, PeerPolicy)
    return found


def decided(wire: CallWire) -> list[tuple[str, int, str | None]]:
    return [(one.decision, one.status, one.reason) for one in wire.heard(TransferDecided)]


def test_a_telephone_number_is_called_at_our_own_domain() -> None:
    wire = CallWire()
    wire.referred(("Refer-To", "<tel:+1-555>"))
    (request,) = wire.heard(TransferRequested)
    assert str(request.target) == "sip:+1555@example.com;user=phone"


def test_an_address_that_wants_tls_is_not_called_without() -> None:
    for server, status in ((WsServer("ws://alpha.example.com"), 416), (ALPHA, None)):
        wire = CallWire(ws_servers=(server,))
        wire.referred(("Refer-To", "<sips:carol@example.com>"))
        assert [one.status for one in wire.responses()[-1:]] == ([status] if status else [])


def test_without_a_domain_of_our_own_a_number_cannot_be_called() -> None:
    wire = CallWire(uri=SipUri.parse("sip:a@anonymous.invalid"))
    wire.referred(("Refer-To", "<tel:+1555>"))
    assert wire.responses()[-1].status == 416


def test_what_no_one_can_be_asked_about_is_refused_for_that_reason() -> None:
    wire = CallWire(transfers=policy("ask").unattended)
    wire.referred(("Refer-To", "<sip:carol@x>"))
    assert decided(wire) == [("refused", 603, NO_ONE_TO_ASK)]


def test_what_the_settings_refuse_is_refused_without_asking() -> None:
    wire = CallWire(transfers=policy("refuse"))
    call = wire.referred(("Refer-To", "<sip:+1900@premium>"), ("Referred-By", "<sip:bob@x>"))
    assert wire.responses()[-1].status == 603
    (request,) = wire.heard(TransferRequested)
    assert (str(request.target), request.decision) == ("sip:+1900@premium", Permission.REFUSE)
    assert request.referred_by == "sip:bob@x"
    assert decided(wire) == [("refused", 603, NOT_PERMITTED)]
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.accept_transfer, call)


def test_a_pattern_says_what_is_accepted() -> None:
    for target, decision in (
        ("sip:carol@example.com", Permission.ACCEPT),
        ("sip:carol@evil.example;x=@example.com", Permission.REFUSE),
        ("sip:carol@example.com;maddr=evil.example", Permission.REFUSE),
    ):
        wire = CallWire(transfers=policy("sip:*@example.com", "refuse"))
        wire.referred(("Refer-To", f"<{target}>"))
        assert wire.heard(TransferRequested)[0].decision is decision


def test_a_transfer_that_is_accepted_says_so_with_its_target() -> None:
    wire = CallWire()
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    wire.step(wire.calls.accept_transfer, call)
    (told,) = wire.heard(TransferDecided)
    assert (told.target, told.status, told.decision) == ("sip:carol@example.com", 202, "accepted")
    new = wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    (calling,) = wire.heard(Calling)
    assert (calling.call, calling.transfer) == (new, call)


def test_a_refer_that_is_not_decided_on_is_declined_in_time() -> None:
    wire = CallWire()
    wire.referred(("Refer-To", "<sip:carol@example.com>"))
    wire.advance(DECISION_TIMEOUT_S + 0.1)
    assert wire.responses()[-1].status == 603
    assert decided(wire) == [("refused", 603, UNDECIDED)]


@pytest.mark.parametrize("ends", ["us", "them"])
def test_a_refer_that_waits_gets_its_answer_when_the_call_ends(ends: str) -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "REFER", ("Refer-To", "<sip:carol@example.com>")))
    if ends == "us":
        wire.step(wire.calls.hang_up, call)
    else:
        wire.receive(wire.inside(invite, "BYE", cseq=21))
    answers = [(one.status, one.cseq.method) for one in wire.responses()]
    assert (487, "REFER") in answers
    with pytest.raises(NoSuchCall):
        wire.step(wire.calls.accept_transfer, call)


def test_transfers_count_as_calls() -> None:
    wire = CallWire(max_calls=2)
    first, invite = wire.talk()
    second, _ = wire.talk()
    wire.receive(wire.inside(invite, "REFER", ("Refer-To", "<sip:carol@example.com>")))
    assert wire.responses()[-1].status == 486
    assert wire.heard(TransferRequested)[0].decision is Permission.REFUSE
    assert decided(wire) == [("refused", 486, NO_ROOM)]
    wire.step(wire.calls.hang_up, second)
    wire.receive(wire.inside(invite, "REFER", ("Refer-To", "<sip:carol@example.com>"), cseq=21))
    assert wire.step(wire.calls.accept_transfer, first)


def test_the_room_is_looked_at_again_when_a_transfer_is_accepted_and_placed() -> None:
    wire = CallWire(max_calls=2)
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    other, _ = wire.invite()
    assert not wire.step(wire.calls.accept_transfer, call)
    assert decided(wire)[-1] == ("refused", 486, NO_ROOM)
    wire.step(wire.calls.hang_up, other)
    wire.reply(wire.requests("INVITE")[-1], 486)

    wire = CallWire(max_calls=2)
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    assert wire.step(wire.calls.accept_transfer, call)
    wire.invite()
    sent = len(wire.requests("INVITE"))
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    assert len(wire.requests("INVITE")) == sent
    wire.step(wire.calls.abandon_transfer, call, 486, NO_ROOM)
    assert wire.requests("NOTIFY")[-1].body.startswith(b"SIP/2.0 486")


def test_incoming_calls_and_transfers_share_the_room() -> None:
    wire = CallWire(max_calls=2)
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    assert wire.step(wire.calls.accept_transfer, call)
    wire.ring()
    assert wire.responses()[-1].status == 486


@pytest.mark.parametrize("silent", [False, True])
def test_a_dialog_starts_one_call_at_a_time_however_it_is_told(silent: bool) -> None:
    """Twenty-five REFERs of one caller are one call."""
    wire = CallWire(transfers=policy("accept"), max_calls=100)
    call, invite = wire.talk()
    fields = [("Refer-To", "<sip:+1900@premium>"), *([("Refer-Sub", "false")] if silent else [])]
    for number in range(25):
        wire.receive(wire.inside(invite, "REFER", *fields, cseq=20 + number))
        if number == 0:
            wire.step(wire.calls.accept_transfer, call)
            wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
            started = wire.requests("INVITE")[-1]
            wire.reply(started, 200, tag="c", body=ANSWER)
    assert len(wire.requests("INVITE")) == 1
    refusals = [one for one in wire.responses() if one.status == 491]
    assert len(refusals) == 24
    wire.step(wire.calls.hang_up, started.call_id)
    wire.receive(wire.inside(invite, "REFER", *fields, cseq=60))
    assert len(wire.heard(TransferRequested)) == 2


@pytest.mark.parametrize("word", ["accept", "refuse", "ask"])
def test_a_dialog_asks_for_a_bounded_number_of_transfers(word: str) -> None:
    wire = CallWire(transfers=policy(word))
    call, invite = wire.talk()
    for number in range(MAX_REFERS + 5):
        wire.receive(wire.inside(invite, "REFER", ("Refer-To", f"<{CAROL}>"), cseq=20 + number))
        if word == "accept" and number < MAX_REFERS:
            wire.step(wire.calls.accept_transfer, call)
            wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
            wire.reply(wire.requests("INVITE")[-1], 486)
        elif word == "ask" and number < MAX_REFERS:
            wire.step(wire.calls.refuse_transfer, call)
    assert len(wire.heard(TransferRequested)) == MAX_REFERS
    assert [one.status for one in wire.responses()[-5:]] == [603] * 5


def test_a_transfer_that_cannot_be_placed_is_reported() -> None:
    wire = CallWire()
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    wire.step(wire.calls.accept_transfer, call)
    wire.step(wire.calls.abandon_transfer, call, 503, "no sound")
    last = wire.requests("NOTIFY")[-1]
    assert last.body == b"SIP/2.0 503 no sound\r\n"
    assert last.headers.get("Subscription-State") == "terminated;reason=noresource"
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)


def test_a_transferred_call_cannot_be_redirected_past_the_policy_of_transfers() -> None:
    wire = CallWire(transfers=policy("sip:*@example.com", "refuse"))
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    wire.step(wire.calls.accept_transfer, call)
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    invite = wire.requests("INVITE")[-1]
    wire.reply(invite, 302, ("Contact", "<sip:+1900@premium>"), contact=None)
    assert len(wire.requests("INVITE")) == 1
    assert wire.heard(RedirectDecided)[0].decision == "refused"
    bodies = [one.body for one in wire.requests("NOTIFY")]
    assert bodies[-1].startswith(b"SIP/2.0 302")
    assert len(bodies) == 2


def test_a_redirection_on_the_way_is_no_final_word_for_who_asked() -> None:
    wire = CallWire()
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    wire.step(wire.calls.accept_transfer, call)
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    redirected = ("Contact", "<sip:dave@example.com>")
    wire.reply(wire.requests("INVITE")[-1], 302, redirected, contact=None)
    new = wire.requests("INVITE")[-1].call_id
    assert [one.body for one in wire.requests("NOTIFY")] == [b"SIP/2.0 100 Trying\r\n"]
    wire.step(wire.calls.accept_redirect, new)
    wire.reply(wire.requests("INVITE")[-1], 200, body=ANSWER)
    assert wire.requests("NOTIFY")[-1].body == b"SIP/2.0 200 OK\r\n"
