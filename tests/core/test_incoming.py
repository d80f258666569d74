"""Being called (RFC 3261 §13.3, §9.2; RFC 3262 §3; RFC 3891 §3; RFC 4028 §9)."""

import pytest

from sipcli.core.calls.calls import NoSuchCall
from sipcli.core.calls.events import Acknowledged, Answered, Ended, Incoming, Progress
from sipcli.core.calls.offer_answer import OutOfTurn
from tests.core.call_wire import ANSWER, OFFER, CallWire


def statuses(wire: CallWire, method: str = "INVITE") -> list[int]:
    return [one.status for one in wire.responses() if one.cseq.method == method]


def test_a_call_rings_is_accepted_and_acknowledged() -> None:
    wire = CallWire()
    invite = wire.ring(("Record-Route", "<sip:p1;lr>, <sip:p2;lr>"))
    assert wire.heard(Incoming) == [
        Incoming(
            call="in-1",
            sender="sip:bob@example.com",
            display_name="Bob",
            to="sip:alice@example.com",
            offer=OFFER,
            replaces=None,
        )
    ]
    wire.now += 2
    wire.step(wire.calls.accept, "in-1", ANSWER)
    ringing, accepted = wire.responses()
    assert (ringing.status, accepted.status, accepted.body) == (180, 200, ANSWER)
    assert ringing.to.tag == accepted.to.tag
    for response in (ringing, accepted):
        assert [str(route) for route in response.record_routes] == ["<sip:p1;lr>", "<sip:p2;lr>"]
        assert response.contacts
    assert wire.heard(Answered)[0].elapsed_s == 2.0
    wire.receive(wire.inside(accepted, "ACK", cseq=10))
    assert wire.heard(Acknowledged)[0].body is None
    wire.fresh()
    wire.advance(60)
    assert wire.fresh() == [], "nothing is repeated after the ACK"
    wire.step(wire.calls.hang_up, invite.call_id)
    bye = wire.last()
    assert [str(route) for route in bye.routes] == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert str(bye.uri) == "sip:bob@192.0.2.7;transport=ws"


def test_a_step_that_comes_after_the_last_repetition_gives_up_at_once() -> None:
    wire = CallWire()
    invite = wire.ring()
    wire.step(wire.calls.accept, invite.call_id, ANSWER)
    wire.fresh()
    wire.now += 40
    wire.step(wire.agent.tick)
    assert wire.words() == ["BYE"]


def test_what_the_network_says_of_a_call_is_told() -> None:
    wire = CallWire()
    wire.ring(
        ("P-Asserted-Identity", '"Smith, Al" <sip:al@example.com>, <tel:+15551234>'),
        ("Diversion", "<sip:bob@example.com>;reason=no-answer"),
        ("Diversion", "<sip:carol@example.com>;reason=unconditional"),
        ("History-Info", "<sip:carol@example.com>;index=1,<sip:bob@example.com>;index=1.1"),
        ("Call-Info", "<http://example.com/al.png>;purpose=icon"),
    )
    (incoming,) = wire.heard(Incoming)
    assert incoming.p_asserted_identity == (
        '"Smith, Al" <sip:al@example.com>',
        "<tel:+15551234>",
    )
    assert incoming.diversion == (
        "<sip:bob@example.com>;reason=no-answer",
        "<sip:carol@example.com>;reason=unconditional",
    )
    assert incoming.history_info == (
        "<sip:carol@example.com>;index=1",
        "<sip:bob@example.com>;index=1.1",
    )
    assert incoming.call_info == ("<http://example.com/al.png>;purpose=icon",)


@pytest.mark.parametrize("value", ["", "\x1b[31m, <", '"open', "," * 50, "a" * 3000])
def test_what_the_network_says_may_be_anything(value: str) -> None:
    wire = CallWire()
    names = ("P-Asserted-Identity", "Diversion", "History-Info", "Call-Info")
    wire.ring(*((name, value) for name in names))
    assert len(wire.heard(Incoming)) == 1


def test_the_2xx_is_repeated_until_its_ack_and_then_given_up() -> None:  # §13.3.1.4
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.accept, "in-1", ANSWER)
    begun = wire.now
    times = []
    while not wire.heard(Ended):
        count = statuses(wire).count(200)
        wire.advance(0.25)
        if statuses(wire).count(200) > count:
            times.append(wire.now - begun)
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert wire.heard(Ended)[0].by == "network"
    assert wire.last().method == "BYE"
    wire.reply(wire.last(), 200)
    assert wire.calls.is_idle


def test_an_ack_of_another_request_stops_nothing() -> None:
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.accept, "in-1", ANSWER)
    wire.receive(wire.inside(wire.responses()[-1], "ACK", cseq=9))
    assert wire.heard(Acknowledged) == []


def test_a_call_without_an_offer_gets_ours_and_answers_in_the_ack() -> None:
    wire = CallWire()
    wire.ring(body=b"")
    assert wire.heard(Incoming)[0].offer is None
    wire.step(wire.calls.accept, "in-1", b"our offer")
    accepted = wire.responses()[-1]
    assert accepted.body == b"our offer"
    assert not wire.calls.can_offer("in-1")
    wire.receive(wire.inside(accepted, "ACK", cseq=10, body=b"their answer"))
    assert wire.heard(Acknowledged)[0].body == b"their answer"
    assert wire.calls.can_offer("in-1")


def test_an_ack_that_owes_an_answer_and_has_none_ends_the_call() -> None:
    wire = CallWire()
    wire.ring(body=b"")
    wire.step(wire.calls.accept, "in-1", b"our offer")
    wire.receive(wire.inside(wire.responses()[-1], "ACK", cseq=10))
    assert wire.heard(Ended)[0].by == "local"
    assert wire.last().method == "BYE"


def test_accepting_without_the_answer_that_is_due_is_a_mistake() -> None:
    wire = CallWire()
    wire.ring()
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.accept, "in-1", b"")
    wire.step(wire.calls.accept, "in-1", ANSWER)
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.accept, "in-1", ANSWER)
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.progress, "in-1", status=180)
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.reject, "in-1", 486)
    assert wire.heard(Ended) == []


def test_a_refusal_carries_what_the_owner_says() -> None:
    wire = CallWire()
    wire.ring()
    warning = ("Warning", '399 sipcli "no codec"')
    wire.step(wire.calls.reject, "in-1", 488, reason="No Way", headers=[warning])
    refusal = wire.responses()[-1]
    assert (refusal.status, refusal.reason) == (488, "No Way")
    assert refusal.headers.get("Warning") == warning[1]
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status, ended.reason) == ("local", 488, "No Way")
    assert wire.calls.is_idle
    with pytest.raises(NoSuchCall):
        wire.step(wire.calls.reject, "in-1", 486)


def test_hanging_up_what_rings_refuses_it() -> None:
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.hang_up, "in-1")
    assert statuses(wire) == [180, 480]
    assert wire.heard(Ended)[0].status == 480
    wire.step(wire.calls.hang_up, "in-1")
    assert len(wire.heard(Ended)) == 1


def test_nobody_answers_in_time() -> None:
    wire = CallWire(no_answer_timeout=20)
    wire.ring()
    wire.advance(19)
    assert statuses(wire) == [180]
    wire.advance(1)
    assert statuses(wire) == [180, 408]
    assert (wire.heard(Ended)[0].by, wire.heard(Ended)[0].status) == ("local", 408)
    assert wire.calls.is_idle


def test_the_caller_may_want_an_answer_sooner() -> None:  # §13.3.1
    wire = CallWire()
    wire.ring(("Expires", "5"))
    wire.advance(6)
    assert statuses(wire) == [180, 487]
    assert wire.heard(Ended)[0].status == 487


def test_it_goes_on_ringing_once_a_minute() -> None:
    wire = CallWire(no_answer_timeout=200)
    wire.ring()
    wire.step(wire.calls.progress, "in-1", status=182)
    wire.advance(130)
    assert statuses(wire) == [180, 182, 182, 182]


def test_a_cancel_ends_what_rings_and_tells_why() -> None:
    wire = CallWire()
    invite = wire.ring()
    wire.cancel(invite)
    assert statuses(wire) == [180, 487]
    assert statuses(wire, "CANCEL") == [200]
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status, ended.reason) == ("remote", 487, "cancelled")
    wire.cancel(invite)
    assert len(wire.heard(Ended)) == 1
    assert wire.calls.is_idle


def test_a_cancel_after_the_answer_changes_nothing() -> None:  # §9.2
    wire = CallWire()
    invite = wire.ring()
    wire.step(wire.calls.accept, "in-1", ANSWER)
    wire.cancel(invite)
    assert statuses(wire, "CANCEL") == [200]
    assert statuses(wire) == [180, 200]
    assert wire.heard(Ended) == []


def test_a_caller_may_end_its_early_dialog_by_bye() -> None:  # §15.1.2
    wire = CallWire()
    wire.ring()
    wire.receive(wire.inside(wire.responses()[-1], "BYE", cseq=11))
    assert statuses(wire, "BYE") == [200]
    assert statuses(wire) == [180, 487]
    assert wire.heard(Ended)[0].by == "remote"
    assert wire.calls.is_idle


def test_a_lost_connection_ends_what_rings_but_not_what_was_answered() -> None:
    wire = CallWire()
    wire.ring()
    wire.lose()
    assert wire.heard(Ended)[0].by == "network"
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.accept, "in-1", ANSWER)
    wire.lose()
    assert wire.heard(Ended) == []
    wire.advance(3)
    wire.open()
    wire.fresh()
    wire.advance(5)
    assert "200 INVITE" in wire.words(), "repeated over the new connection"


@pytest.mark.parametrize(
    ("changes", "headers", "contact", "status"),
    [
        ({"takes_calls": False}, [], "<sip:b@x>", 480),
        ({}, [], None, 400),
        ({}, [("Require", "teleport")], "<sip:b@x>", 420),
        ({}, [("Supported", "timer"), ("Session-Expires", "60")], "<sip:b@x>", 422),
        ({}, [("Replaces", "x;to-tag=1;from-tag=2")], "<sip:b@x>", 481),
        ({}, [("Content-Encoding", "gzip")], "<sip:b@x>", 415),
    ],
)
def test_an_invite_that_cannot_be_taken_is_refused(
    changes: dict[str, bool], headers: list[tuple[str, str]], contact: str | None, status: int
) -> None:
    wire = CallWire(takes_calls=changes.get("takes_calls", True))
    wire.ring(*headers, contact=contact)
    assert statuses(wire) == [status]
    assert wire.call_events == []
    assert wire.calls.is_idle


def test_after_stopping_no_call_is_let_in() -> None:
    wire = CallWire()
    wire.ring()
    wire.step(wire.agent.stop)
    assert wire.heard(Ended)[0].status == 480
    assert wire.agent.is_stopped


def test_stopping_waits_for_the_bye() -> None:
    wire = CallWire()
    wire.talk()
    wire.step(wire.agent.stop)
    assert not wire.agent.is_stopped
    wire.reply(wire.last(), 200)
    assert wire.agent.is_stopped


def test_a_caller_that_was_refused_may_come_again_with_the_same_id() -> None:
    wire = CallWire()
    wire.ring()
    wire.agent.calls.reject("in-1", 486, wire.now)
    wire.ring(cseq=11)
    assert len(wire.heard(Incoming)) == 2


def test_a_call_with_the_id_of_a_live_one_is_refused() -> None:
    wire = CallWire()
    wire.ring()
    wire.ring(("X-Other", "1"))
    assert statuses(wire) == [180, 482]
    assert len(wire.heard(Incoming)) == 1


def test_progress_is_no_event_of_an_incoming_call() -> None:
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.progress, "in-1", body=ANSWER)
    assert wire.heard(Progress) == []
