"""Changes of a session from their side (RFC 3261 §14.2, RFC 3311 §5.2)."""

import pytest

from sipcli.core.calls.events import (
    Acknowledged,
    Ended,
    OfferRefused,
    OfferWithdrawn,
    RemoteOffer,
)
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.sip.message import Request
from tests.core.call_wire import CallWire


def answer_to(wire: CallWire, request: Request) -> int:
    """Have a request arrive; the status of the answer."""
    wire.receive(request)
    last = wire.responses()[-1]
    assert last.cseq == request.cseq
    return last.status


def test_a_reinvite_is_answered_and_refreshes_the_target() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    again = wire.inside(invite, "INVITE", body=b"hold", contact="<sip:bob@192.0.2.99>")
    wire.receive(again)
    assert wire.heard(RemoteOffer)[0].body == b"hold"
    wire.step(wire.calls.answer, call, b"held")
    accepted = wire.responses()[-1]
    assert (accepted.status, accepted.body) == (200, b"held")
    assert accepted.contacts
    wire.receive(wire.inside(invite, "ACK", cseq=20))
    assert wire.heard(Acknowledged)
    wire.step(wire.calls.hang_up, call)
    assert wire.last().target == "sip:bob@192.0.2.99"


def test_a_reinvite_without_contact_leaves_the_target_alone() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "INVITE", body=b"hold", contact=None))
    wire.step(wire.calls.answer, call, b"held")
    wire.step(wire.calls.hang_up, call)
    assert wire.last().target == "sip:bob@192.0.2.7;transport=ws"


def test_a_reinvite_without_an_offer_asks_for_ours() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "INVITE"))
    assert wire.heard(RemoteOffer)[0].body is None
    wire.step(wire.calls.answer, call, b"our offer")
    wire.receive(wire.inside(invite, "ACK", cseq=20, body=b"their answer"))
    assert wire.heard(Acknowledged)[0].body == b"their answer"
    wire.receive(wire.inside(invite, "INVITE", cseq=21))
    wire.step(wire.calls.answer, call, b"our offer")
    wire.receive(wire.inside(invite, "ACK", cseq=21))
    assert wire.heard(OfferRefused)[0].status is None
    assert wire.calls.can_offer(call), "the call goes on as it was"


def test_a_refused_offer_says_why() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "INVITE", body=b"video"))
    wire.step(wire.calls.refuse_offer, call, warning='no "codec"')
    refusal = wire.responses()[-1]
    assert (refusal.status, refusal.warnings[0].text) == (488, 'no "codec"')
    assert wire.calls.can_offer(call)


def test_a_second_reinvite_before_the_first_is_answered_comes_too_early() -> None:  # §14.2
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "INVITE", body=b"one"))
    assert answer_to(wire, wire.inside(invite, "INVITE", cseq=21, body=b"two")) == 500
    assert wire.responses()[-1].retry_after is not None
    assert answer_to(wire, wire.inside(invite, "UPDATE", cseq=22, body=b"three")) == 500
    assert len(wire.heard(RemoteOffer)) == 1
    wire.step(wire.calls.answer, call, b"ok")
    assert wire.responses()[-1].cseq.number == 20


def test_an_offer_that_crosses_ours_gets_491() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.offer, call, b"ours")
    assert answer_to(wire, wire.inside(invite, "INVITE", body=b"theirs")) == 491
    assert answer_to(wire, wire.inside(invite, "UPDATE", cseq=21, body=b"theirs")) == 491
    assert wire.heard(RemoteOffer) == []


def test_an_update_brings_an_offer_or_just_a_new_target() -> None:  # RFC 3311 §5.2
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "UPDATE", body=b"theirs"))
    wire.step(wire.calls.answer, call, b"ours")
    assert (wire.responses()[-1].status, wire.responses()[-1].body) == (200, b"ours")
    moved = wire.inside(invite, "UPDATE", cseq=21, contact="<sip:bob@192.0.2.88>")
    assert answer_to(wire, moved) == 200
    wire.step(wire.calls.hang_up, call)
    assert wire.last().target == "sip:bob@192.0.2.88"


def test_an_offer_is_withdrawn_by_cancel_and_its_late_answer_is_no_mistake() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    again = wire.inside(invite, "INVITE", body=b"theirs")
    wire.receive(again)
    wire.cancel(again)
    assert [one.status for one in wire.responses()] == [100, 200, 487]
    assert wire.heard(OfferWithdrawn)
    wire.fresh()
    wire.step(wire.calls.answer, call, b"late")
    assert wire.fresh() == []
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.answer, call, b"again")


def test_an_offer_is_withdrawn_with_the_connection() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "INVITE", body=b"theirs"))
    wire.lose()
    assert wire.heard(OfferWithdrawn)
    wire.step(wire.calls.refuse_offer, call)
    assert wire.heard(Ended) == []


def test_an_offer_that_is_never_answered_gets_504() -> None:
    wire = CallWire()
    _, invite = wire.talk()
    wire.receive(wire.inside(invite, "UPDATE", body=b"theirs"))
    wire.advance(31)
    assert wire.responses()[-1].status == 504
    assert wire.heard(OfferWithdrawn)
