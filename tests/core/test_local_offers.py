"""Changes of a session from our side (RFC 3261 §14.1, RFC 3311 §5.1, RFC 5057)."""

import pytest

from sipcli.core.calls.events import (
    Ended,
    OfferAnswered,
    OfferDue,
    OfferRefused,
)
from sipcli.core.calls.offer_answer import OutOfTurn
from tests.core.call_wire import ANSWER, CallWire


def test_an_offer_goes_out_as_reinvite_and_its_answer_is_acknowledged() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    again = wire.last()
    assert (again.method, again.body) == ("INVITE", b"hold")
    assert again.to.tag == "bob1"
    assert again.cseq.number == invite.cseq.number + 1
    assert "100rel" not in again.supported
    wire.reply(again, 183)
    wire.reply(again, 200, body=b"held", contact="<sip:bob@192.0.2.77>")
    wire.reply(again, 200, body=b"held", contact="<sip:bob@192.0.2.77>")
    assert [event.body for event in wire.heard(OfferAnswered)] == [b"held"]
    assert [ack.target for ack in wire.requests("ACK")] == ["sip:bob@192.0.2.77"] * 2
    assert wire.calls.can_offer(call)


def test_only_one_offer_at_a_time() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.offer, call, b"one")
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.offer, call, b"two")
    wire.reply(wire.last(), 200, body=ANSWER)
    wire.receive(wire.inside(invite, "INVITE", body=b"theirs"))
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.offer, call, b"three")


@pytest.mark.parametrize(
    ("status", "fields", "soonest", "latest"),
    [
        (491, (), 2.1, 4.0),
        (500, (("Retry-After", "5"),), 5.0, 5.0),
        (503, (("Retry-After", "1"),), 1.0, 1.0),
    ],
)
@pytest.mark.parametrize("draw", [0.0, 0.999])
def test_an_offer_refused_for_now_is_due_again_after_its_wait(
    status: int, fields: tuple[tuple[str, str], ...], soonest: float, latest: float, draw: float
) -> None:
    wire = CallWire(draw=lambda: draw)
    call, _ = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), status, *fields)
    assert wire.heard(OfferRefused)[0].will_retry
    assert not wire.calls.can_offer(call)
    wire.advance(soonest - 0.01)
    assert wire.heard(OfferDue) == []
    wire.advance(latest - soonest + 0.02)
    assert wire.heard(OfferDue) == [OfferDue(call=call, is_refresh=False)]
    assert wire.calls.can_offer(call)


@pytest.mark.parametrize("draw", [0.0, 0.999])
def test_who_was_called_waits_less_after_a_491(draw: float) -> None:  # §14.1
    wire = CallWire(draw=lambda: draw)
    wire.ring_and_answer()
    wire.step(wire.calls.offer, "in-1", b"hold")
    wire.reply(wire.last(), 491)
    wire.advance(2.0)
    assert wire.heard(OfferDue)


@pytest.mark.parametrize("status", [403, 488, 500, 606])
def test_an_offer_refused_for_good_leaves_the_call_as_it_was(status: int) -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), status)
    refused = wire.heard(OfferRefused)[0]
    assert (refused.status, refused.will_retry) == (status, False)
    assert wire.heard(Ended) == []
    assert wire.calls.can_offer(call)


@pytest.mark.parametrize("status", [408, 481])
def test_a_dialog_that_the_far_end_does_not_know_is_over(status: int) -> None:  # RFC 5057
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), status)
    assert wire.heard(Ended)[0].by == "network"
    assert wire.last().method == "BYE"
    wire.reply(wire.last(), 481)
    assert wire.calls.is_idle


def test_a_reinvite_that_nobody_answers_ends_the_call() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    wire.advance(33)
    assert wire.heard(Ended)[0].by == "network"


def test_an_answer_without_a_description_counts_as_refused() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), 200)
    assert wire.heard(OfferRefused)[0].reason == "the answer is missing"
    assert wire.calls.can_offer(call)


def test_an_offer_without_a_connection_is_refused_at_once() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.lose()
    wire.step(wire.calls.offer, call, b"hold")
    assert wire.heard(OfferRefused)[0].status is None
    assert wire.calls.can_offer(call)


def test_an_offer_lost_with_the_connection_is_refused() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    wire.lose()
    assert wire.heard(OfferRefused)[0].status is None
    assert wire.heard(Ended) == []


def test_hanging_up_leaves_a_reinvite_to_its_end() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    again = wire.last()
    wire.step(wire.calls.hang_up, call)
    bye = wire.last()
    assert bye.method == "BYE"
    wire.reply(bye, 200)
    assert not wire.calls.is_idle
    wire.reply(again, 200, body=b"late")
    assert wire.last().method == "ACK"
    assert wire.calls.is_idle
    assert wire.heard(OfferAnswered) == []


def test_an_early_update_gets_through_where_all_was_agreed_reliably() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    fields = (("Require", "100rel"), ("RSeq", "1"), ("Allow", "INVITE, UPDATE"))
    wire.reply(invite, 183, *fields, body=b"early")
    wire.step(wire.calls.offer, call, b"change")
    update = wire.last()
    assert update.method == "UPDATE"
    wire.reply(update, 200, body=b"changed")
    assert wire.heard(OfferAnswered)[0].body == b"changed"
    wire.step(wire.calls.offer, call, b"more")
    wire.reply(wire.last(), 488)
    assert wire.heard(OfferRefused)[0].status == 488


def test_an_update_answered_after_the_end_of_the_call_is_not_told() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    fields = (("Require", "100rel"), ("RSeq", "1"), ("Allow", "UPDATE"))
    wire.reply(invite, 183, *fields, body=b"early")
    wire.step(wire.calls.offer, call, b"change")
    update = wire.last()
    wire.step(wire.calls.hang_up, call)
    wire.reply(update, 200, body=b"changed")
    assert wire.heard(OfferAnswered) == []


def test_no_offer_goes_out_before_the_ack_of_our_2xx() -> None:  # §14.1
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.accept, "in-1", ANSWER)
    assert not wire.calls.can_offer("in-1")
    wire.receive(wire.inside(wire.responses()[-1], "ACK", cseq=10))
    assert wire.calls.can_offer("in-1")


def test_an_offer_that_waited_is_due_when_theirs_is_dealt_with() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), 491)
    wire.receive(wire.inside(invite, "INVITE", body=b"theirs"))
    wire.advance(10)
    assert wire.heard(OfferDue) == []
    wire.step(wire.calls.answer, call, b"ok")
    wire.receive(wire.inside(invite, "ACK", cseq=20))
    wire.advance(0.5)
    assert wire.heard(OfferDue)
    assert wire.calls.can_offer(call)


def test_an_update_that_crosses_our_2xx_does_not_stop_it() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, "INVITE", body=b"theirs"))
    wire.step(wire.calls.answer, call, b"ok")
    wire.receive(wire.inside(invite, "UPDATE", cseq=21, body=b"more"))
    wire.step(wire.calls.answer, call, b"ok")
    wire.fresh()
    wire.advance(0.6)
    assert wire.words() == ["200 INVITE"]
