"""Being called (RFC 3261 §13.3, §9.2; RFC 3262 §3; RFC 3891 §3; RFC 4028 §9)."""

import pytest

from sipcli.core.call_events import Acknowledged, Answered, Ended, Incoming, Progress, RemoteOffer
from sipcli.core.calls import NoSuchCall
from sipcli.core.offer_answer import OutOfTurn
from sipcli.sip.message import Response
from tests.core.call_wire import ANSWER, OFFER, CallWire

ABLE = ("Supported", "100rel")
INSISTS = ("Require", "100rel")


def statuses(wire: CallWire, method: str = "INVITE") -> list[int]:
    return [one.status for one in wire.responses() if one.cseq.method == method]


def prack(wire: CallWire, response: Response, cseq: int = 11, body: bytes = b"") -> None:
    rack = ("RAck", f"{response.rseq} 10 INVITE")
    wire.receive(wire.inside(response, "PRACK", rack, cseq=cseq, body=body))


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
    assert wire.heard(Answered)[0].elapsed_ms == 2000
    wire.receive(wire.inside(accepted, "ACK", cseq=10))
    assert wire.heard(Acknowledged)[0].body is None
    wire.fresh()
    wire.advance(60)
    assert wire.fresh() == [], "nothing is repeated after the ACK"
    wire.step(wire.calls.hang_up, invite.call_id)
    bye = wire.last()
    assert [str(route) for route in bye.routes] == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert str(bye.uri) == "sip:bob@192.0.2.7;transport=ws"


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


def test_a_call_with_the_id_of_a_live_one_is_refused() -> None:
    wire = CallWire()
    wire.ring()
    wire.ring(("X-Other", "1"))
    assert statuses(wire) == [180, 482]
    assert len(wire.heard(Incoming)) == 1


# Reliable provisional responses


def test_all_is_reliable_where_the_caller_insists_and_goes_on_until_the_prack() -> None:
    wire = CallWire()
    wire.ring(INSISTS)
    first = wire.responses()[-1]
    assert first.require == ("100rel",)
    wire.advance(3.6)
    repeated = [one.rseq for one in wire.responses()]
    assert repeated == [first.rseq] * 4, "after 0.5, 1.5 and 3.5 s"
    prack(wire, first)
    assert statuses(wire, "PRACK") == [200]
    wire.fresh()
    wire.advance(30)
    assert wire.fresh() == []
    wire.step(wire.calls.progress, "in-1", status=182)
    assert first.rseq is not None
    assert wire.responses()[-1].rseq == first.rseq + 1


def test_a_second_reliable_response_waits_for_the_first_prack() -> None:  # RFC 3262 §3
    wire = CallWire()
    wire.ring(INSISTS)
    wire.step(wire.calls.progress, "in-1", status=182)
    assert statuses(wire) == [180]
    prack(wire, wire.responses()[0])
    assert statuses(wire) == [180, 182]


def test_a_prack_for_nothing_gets_481() -> None:
    wire = CallWire()
    wire.ring(INSISTS)
    ringing = wire.responses()[-1]
    for rack in (f"{ringing.rseq} 11 INVITE", "1 10 INVITE", f"{ringing.rseq} 10 UPDATE"):
        wire.receive(wire.inside(ringing, "PRACK", ("RAck", rack), cseq=11))
    wire.receive(wire.inside(ringing, "PRACK", cseq=12))
    assert statuses(wire, "PRACK") == [481] * 4


def test_without_a_prack_the_call_fails() -> None:
    wire = CallWire()
    wire.ring(INSISTS)
    wire.advance(33)
    assert statuses(wire)[-1] == 500
    assert wire.heard(Ended)[0].status == 500
    assert wire.calls.is_idle


def test_early_media_is_reliable_where_it_can_be_and_holds_the_200_back() -> None:
    wire = CallWire()
    wire.ring(ABLE)
    wire.step(wire.calls.progress, "in-1", body=b"early")
    early = wire.responses()[-1]
    assert (early.status, early.body, early.require) == (183, b"early", ("100rel",))
    wire.step(wire.calls.accept, "in-1", b"ignored")
    assert statuses(wire) == [180, 183], "a 2xx waits for the PRACK"
    assert wire.heard(Answered) == []
    prack(wire, early)
    accepted = wire.responses()[-1]
    assert (accepted.status, accepted.body) == (200, b"")
    assert wire.heard(Answered)


def test_early_media_to_a_caller_without_100rel_comes_again_in_the_200() -> None:
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.progress, "in-1", body=ANSWER)
    assert wire.responses()[-1].require == ()
    wire.step(wire.calls.accept, "in-1", ANSWER)
    assert wire.responses()[-1].body == ANSWER


def test_our_offer_in_a_reliable_183_is_answered_in_the_prack() -> None:  # RFC 3262 §5
    wire = CallWire()
    wire.ring(INSISTS, body=b"")
    assert statuses(wire) == [], "the first reliable response must bring the offer"
    wire.step(wire.calls.progress, "in-1", body=b"our offer")
    early = wire.responses()[-1]
    prack(wire, early, body=b"their answer")
    assert wire.heard(Acknowledged)[0].body == b"their answer"
    wire.step(wire.calls.accept, "in-1", b"ignored")
    assert wire.responses()[-1].body == b""


def test_an_offer_in_a_prack_is_answered_in_its_200() -> None:
    wire = CallWire()
    wire.ring(ABLE)
    wire.step(wire.calls.progress, "in-1", body=b"early")
    prack(wire, wire.responses()[-1], body=b"another offer")
    assert wire.heard(RemoteOffer)[0].body == b"another offer"
    wire.step(wire.calls.answer, "in-1", b"another answer")
    assert (wire.responses()[-1].status, wire.responses()[-1].body) == (200, b"another answer")


def test_an_update_while_it_rings_changes_what_was_agreed_reliably() -> None:  # RFC 3311 §5.2
    wire = CallWire()
    wire.ring(ABLE, ("Allow", "UPDATE, PRACK"))
    wire.receive(wire.inside(wire.responses()[-1], "UPDATE", cseq=11, body=b"too early"))
    assert statuses(wire, "UPDATE") == [500]
    wire.step(wire.calls.progress, "in-1", body=b"early")
    prack(wire, wire.responses()[-1], cseq=12)
    wire.receive(wire.inside(wire.responses()[-1], "UPDATE", cseq=13, body=b"new offer"))
    wire.step(wire.calls.answer, "in-1", b"new answer")
    assert wire.responses()[-1].body == b"new answer"
    wire.step(wire.calls.offer, "in-1", b"ours")
    assert wire.last().method == "UPDATE"


def test_a_reinvite_before_the_answer_comes_too_early() -> None:  # §14.2
    wire = CallWire()
    wire.ring()
    wire.receive(wire.inside(wire.responses()[-1], "INVITE", cseq=11, body=b"again"))
    assert statuses(wire) == [180, 500]
    assert wire.responses()[-1].retry_after is not None


# Replaces


def replace(wire: CallWire, call: str, flag: str = "") -> None:
    session = wire.agent.calls._calls[call].session  # noqa: SLF001
    assert session is not None
    dialog = session.dialog
    value = f"{call};to-tag={dialog.local.tag};from-tag={dialog.remote.tag}{flag}"
    wire.ring(("Replaces", value), call_id=f"in-for-{call}{flag}-{len(wire.sent)}")


def test_an_invite_takes_the_place_of_an_answered_call() -> None:
    wire = CallWire(max_calls=1)
    call, _ = wire.talk()
    replace(wire, call)
    assert wire.heard(Incoming)[0].replaces == call
    wire.step(wire.calls.accept, wire.heard(Incoming)[0].call, ANSWER)
    assert wire.last().method == "BYE"
    assert [event.call for event in wire.heard(Ended)] == [call]


def test_an_invite_takes_the_place_of_a_call_of_ours_that_rings() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 180)
    replace(wire, call, ";early-only")
    wire.step(wire.calls.accept, wire.heard(Incoming)[0].call, ANSWER)
    assert wire.last().method == "CANCEL"


def test_what_may_not_be_replaced_is_not() -> None:  # RFC 3891 §3
    wire = CallWire()
    call, _ = wire.talk()
    replace(wire, call, ";early-only")
    assert statuses(wire)[-1] == 486
    wire.ring()
    replace(wire, "in-1")
    assert statuses(wire)[-1] == 481, "early, and it is they who called"
    wire.step(wire.calls.hang_up, call)
    replace(wire, call)
    assert statuses(wire)[-1] == 603


def test_progress_is_no_event_of_an_incoming_call() -> None:
    wire = CallWire()
    wire.ring()
    wire.step(wire.calls.progress, "in-1", body=ANSWER)
    assert wire.heard(Progress) == []
