"""Call transfer (RFC 3515, RFC 4488, RFC 3891, RFC 3892)."""

import pytest

from sipcli.core.calls.calls import MAX_TRANSFERS
from sipcli.core.calls.events import (
    Ended,
    TransferProgress,
    TransferRequested,
)
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.core.calls.target import resolve
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri, parse_uri
from tests.core.call_wire import ANSWER, OFFER, CallWire

CAROL = SipUri.parse("sip:carol@example.com")
REFER = ("Event", "refer")


def notify(
    wire: CallWire, invite: Request, services: bytes, state: str = "active", cseq: int = 20
) -> None:
    fields = (
        REFER,
        ("Subscription-State", state),
        ("Content-Type", "message/sipfrag;version=2.0"),
    )
    wire.receive(wire.inside(invite, "NOTIFY", *fields, cseq=cseq, body=services))


# We ask for a transfer


def test_a_transfer_is_asked_for_and_followed() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    refer = wire.last()
    assert refer.method == "REFER"
    assert refer.headers.get("Refer-To") == "<sip:carol@example.com>"
    assert refer.headers.get("Referred-By") == "<sip:alice@example.com>"
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.refer, call, target=CAROL)
    wire.reply(refer, 202)
    notify(wire, invite, b"SIP/2.0 180 Ringing\r\n")
    notify(wire, invite, b"SIP/2.0 200 OK", "terminated;reason=noresource", cseq=21)
    told = wire.heard(TransferProgress)
    assert [(one.status, one.is_final) for one in told] == [(202, False), (180, False), (200, True)]
    assert {one.target for one in told} == {"sip:carol@example.com"}
    notify(wire, invite, b"SIP/2.0 200 OK", cseq=22)
    assert wire.responses()[-1].status == 481


def test_a_notify_may_come_before_the_answer_to_the_refer() -> None:  # RFC 3515 §2.4.4
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    refer = wire.last()
    notify(wire, invite, b"SIP/2.0 486 Busy Here", "terminated;reason=noresource")
    wire.reply(refer, 202)
    assert [one.status for one in wire.heard(TransferProgress)] == [486]
    wire.step(wire.calls.refer, call, target=CAROL)


@pytest.mark.parametrize(
    ("body", "state", "status", "is_final"),
    [
        (b"garbage", "active", None, False),
        (b"", "terminated;reason=timeout", None, True),
        (b"SIP/2.0 2000 x", "active", None, False),
        (b"SIP/2.0 503 x", "active", 503, True),
    ],
)
def test_a_notify_that_says_little_does_no_harm(
    body: bytes, state: str, status: int | None, is_final: bool
) -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    notify(wire, invite, body, state)
    (told,) = wire.heard(TransferProgress)
    assert (told.status, told.is_final) == (status, is_final)


def test_a_far_end_that_ends_the_subscription_with_100_and_tells_on_is_heard() -> None:  # SIP.js
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    notify(wire, invite, b"SIP/2.0 100 Trying", "terminated;reason=noresource")
    notify(wire, invite, b"SIP/2.0 200 OK", "terminated;reason=noresource", cseq=21)
    told = wire.heard(TransferProgress)
    assert [(one.status, one.is_final) for one in told] == [(100, False), (200, True)]


def test_a_far_end_that_tells_no_more_after_100_is_no_obstacle_to_another_transfer() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    notify(wire, invite, b"SIP/2.0 100 Trying", "terminated;reason=noresource")
    wire.step(wire.calls.refer, call, target=CAROL)
    assert len(wire.requests("REFER")) == 2


def test_a_refused_transfer_leaves_the_call_alone() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    wire.reply(wire.last(), 603)
    (told,) = wire.heard(TransferProgress)
    assert (told.status, told.is_final) == (603, True)
    assert wire.heard(Ended) == []


def test_a_refer_that_meets_no_dialog_ends_the_call() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    wire.reply(wire.last(), 481)
    assert wire.heard(Ended)[0].by == "network"


def test_a_far_end_may_decline_to_tell() -> None:  # RFC 4488
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.refer, call, target=CAROL)
    wire.reply(wire.last(), 202, ("Refer-Sub", "false"))
    assert wire.heard(TransferProgress)[0].is_final


def test_what_a_person_types_goes_out_escaped() -> None:  # RFC 3261 §19.1.2
    wire = CallWire()
    call, _ = wire.talk()
    target = resolve('"Jürgen" <sip:#4 ü@h>', SipUri.parse("sip:alice@example.com"))
    wire.step(wire.calls.refer, call, target=target)
    assert wire.last().headers.get("Refer-To") == "<sip:%234%20%C3%BC@h>"
    wire.step(wire.calls.invite, target, OFFER)
    invite = wire.requests("INVITE")[-1]
    assert (invite.target, str(invite.to.uri)) == ("sip:%234%20%C3%BC@h", "sip:%234%20%C3%BC@h")


def test_an_attended_transfer_names_the_dialog_as_the_target_knows_it() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    other, invite = wire.invite()
    wire.reply(invite, 200, tag="carols", body=ANSWER, contact="<sip:c@x.invalid>")
    wire.step(wire.calls.refer, call, replaces=other)
    refer_to = wire.last().refer_to
    assert refer_to is not None
    assert isinstance(refer_to.uri, SipUri)
    assert refer_to.uri.user == "bob", "a Contact that is no GRUU may not be reachable"
    value = f"{other};to-tag=carols;from-tag={invite.from_.tag}"
    assert refer_to.uri.headers == (("Replaces", value),)


def test_an_attended_transfer_uses_a_gruu_where_there_is_one() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    other, invite = wire.invite()
    wire.reply(invite, 200, body=ANSWER, contact="<sip:carol@example.com;gr=urn:uuid:1>")
    wire.step(wire.calls.refer, call, replaces=other)
    refer_to = wire.last().headers.get("Refer-To") or ""
    assert "sip:carol@example.com;gr=urn:uuid:1?Replaces=" in refer_to


def test_a_transfer_needs_a_target_that_fits() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    other, _ = wire.talk()
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.refer, call)
    with pytest.raises(Malformed):
        wire.step(wire.calls.refer, call, target=parse_uri("tel:+1"), replaces=other)
    wire.step(wire.calls.refer, call, target=CAROL)


# We are asked for one


def test_a_transfer_is_accepted_placed_and_reported() -> None:
    wire = CallWire()
    by = ("Referred-By", '"Bob" <sip:bob@example.com>')
    to = ("Refer-To", "<sip:carol@example.com?Replaces=c1%3Bto-tag%3D1%3Bfrom-tag%3D2>")
    call = wire.referred(to, by)
    (request,) = wire.heard(TransferRequested)
    assert (str(request.target), request.replaces) == ("sip:carol@example.com", True)
    assert request.referred_by == "sip:bob@example.com"
    wire.step(wire.calls.accept_transfer, call)
    assert wire.words() == ["202 REFER", "NOTIFY"]
    wire.step(wire.calls.invite, request.target, OFFER, transfer=call)
    (invite,) = wire.requests("INVITE")
    assert invite.headers.get("Replaces") == "c1;to-tag=1;from-tag=2"
    assert invite.headers.get("Referred-By") == by[1]
    wire.reply(invite, 180, tag="c")
    wire.reply(invite, 200, tag="c", body=ANSWER)
    notifies = wire.requests("NOTIFY")
    assert [one.body for one in notifies] == [b"SIP/2.0 180 Ringing\r\n", b"SIP/2.0 200 OK\r\n"]
    states = [one.headers.get("Subscription-State") for one in notifies]
    assert states == ["active;expires=180", "terminated;reason=noresource"]
    assert [one.headers.get("Event") for one in notifies] == ["refer", "refer"]


def test_a_transfer_that_fails_is_reported_with_its_status() -> None:
    wire = CallWire()
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    wire.step(wire.calls.accept_transfer, call)
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    wire.reply(wire.requests("INVITE")[-1], 486, ("X", "1"))
    assert wire.last().body == b"SIP/2.0 486 Busy Here\r\n"


def test_the_second_subscription_of_a_dialog_has_an_id() -> None:  # RFC 3515 §2.4.6
    wire = CallWire()
    call, invite = wire.talk()
    for cseq in (20, 21):
        refer = ("Refer-To", "<sip:carol@example.com>")
        wire.receive(wire.inside(invite, "REFER", refer, cseq=cseq))
        wire.step(wire.calls.accept_transfer, call)
        wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
        wire.reply(wire.requests("INVITE")[-1], 404)
    events = [one.headers.get("Event") for one in wire.requests("NOTIFY")]
    assert events == ["refer", "refer", "refer;id=21", "refer;id=21"]


def test_a_late_refusal_of_one_subscription_does_not_end_the_next() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    for cseq in (20, 21):
        refer = ("Refer-To", "<sip:carol@example.com>")
        wire.receive(wire.inside(invite, "REFER", refer, cseq=cseq))
        wire.step(wire.calls.accept_transfer, call)
        wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
        if cseq == 20:
            wire.reply(wire.requests("INVITE")[-1], 404)
    wire.reply(wire.requests("NOTIFY")[1], 489)  # the last of the first
    wire.reply(wire.requests("INVITE")[-1], 180)
    assert wire.requests("NOTIFY")[-1].body == b"SIP/2.0 180 Ringing\r\n"
    wire.reply(wire.requests("NOTIFY")[-1], 489)
    wire.reply(wire.requests("INVITE")[-1], 200, body=ANSWER)
    assert wire.requests("NOTIFY")[-1].body == b"SIP/2.0 180 Ringing\r\n"


def test_nobody_is_told_who_does_not_want_to_be() -> None:  # RFC 4488
    wire = CallWire()
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"), ("Refer-Sub", "false"))
    wire.step(wire.calls.accept_transfer, call)
    assert wire.responses()[-1].headers.get("Refer-Sub") == "false"
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    assert wire.requests("NOTIFY") == []


def test_telling_stops_where_nobody_listens_and_with_the_call() -> None:
    for stop in ("481", "BYE"):
        wire = CallWire()
        call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
        wire.step(wire.calls.accept_transfer, call)
        wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
        if stop == "481":
            wire.reply(wire.requests("NOTIFY")[-1], 481)
        else:
            wire.step(wire.calls.hang_up, call)
        wire.reply(wire.requests("INVITE")[-1], 180)
        assert len(wire.requests("NOTIFY")) == 1


def test_who_asks_for_a_transfer_may_hang_up_before_it_is_placed() -> None:
    wire = CallWire()
    call = wire.referred(
        ("Refer-To", "<sip:carol@example.com?Replaces=c1%3Bto-tag%3D1%3Bfrom-tag%3D2>")
    )
    wire.step(wire.calls.accept_transfer, call)
    wire.step(wire.calls.hang_up, call)
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    assert wire.last().headers.get("Replaces") == "c1;to-tag=1;from-tag=2"
    wire.reply(wire.last(), 486)
    assert wire.requests("NOTIFY")[1:] == []


def test_only_a_transfer_that_was_accepted_can_be_placed() -> None:
    wire = CallWire()
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    assert wire.requests("INVITE")[1:] == []
    wire.step(wire.calls.accept_transfer, call)
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)


def test_transfers_that_nobody_places_are_forgotten() -> None:
    wire = CallWire()
    for _ in range(MAX_TRANSFERS + 1):
        last = wire.referred(("Refer-To", "<sip:carol@example.com>"))
        wire.step(wire.calls.accept_transfer, last)
        wire.step(wire.calls.hang_up, last)
    assert len(wire.agent.calls._transfers) == MAX_TRANSFERS  # noqa: SLF001
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=last)


def test_a_transfer_may_be_declined() -> None:
    wire = CallWire()
    call = wire.referred(("Refer-To", "<sip:carol@example.com>"))
    wire.step(wire.calls.refuse_transfer, call)
    assert wire.responses()[-1].status == 603
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.accept_transfer, call)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ((), 400),
        ((("Refer-To", "<tel:bob>"),), 416),
        ((("Refer-To", "<mailto:carol@example.com>"),), 416),
        ((("Refer-To", "<sip:c@x?Replaces=a%0D%0AX-Evil:1;to-tag=1;from-tag=2>"),), 400),
        ((("Refer-To", "<sip:carol@example.com;method=BYE>"),), 603),
        ((("Refer-To", "<sip:carol@example.com?Replaces=nonsense>"),), 400),
    ],
)
def test_a_refer_that_cannot_be_followed_is_refused(
    fields: tuple[tuple[str, str], ...], status: int
) -> None:
    wire = CallWire()
    wire.referred(*fields)
    assert wire.responses()[-1].status == status
    assert wire.heard(TransferRequested) == []


def test_one_transfer_at_a_time() -> None:
    wire = CallWire()
    _, invite = wire.talk()
    for cseq in (20, 21):
        refer = ("Refer-To", "<sip:carol@example.com>")
        wire.receive(wire.inside(invite, "REFER", refer, cseq=cseq))
    assert wire.responses()[-1].status == 491
    assert len(wire.heard(TransferRequested)) == 1
