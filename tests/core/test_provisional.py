"""Provisional responses that must arrive, when we are called (RFC 3262 §3, §5; RFC 3311 §5)."""

from sipcli.core.calls.events import Acknowledged, Answered, Ended, RemoteOffer
from sipcli.sip.message import Response
from tests.core.call_wire import ANSWER, CallWire

ABLE = ("Supported", "100rel")
INSISTS = ("Require", "100rel")


def statuses(wire: CallWire, method: str = "INVITE") -> list[int]:
    return [one.status for one in wire.responses() if one.cseq.method == method]


def prack(wire: CallWire, response: Response, cseq: int = 11, body: bytes = b"") -> None:
    rack = ("RAck", f"{response.rseq} 10 INVITE")
    wire.receive(wire.inside(response, "PRACK", rack, cseq=cseq, body=body))


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
    assert statuses(wire) == [100], "the first reliable response must bring the offer"
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


def test_an_offer_of_ours_never_goes_unreliably() -> None:  # RFC 3261 §13.2.1
    wire = CallWire()
    wire.ring(body=b"")
    wire.step(wire.calls.progress, "in-1", body=b"our offer")
    assert wire.responses()[-1].body == b""
    wire.step(wire.calls.accept, "in-1", b"our offer")
    assert wire.responses()[-1].body == b"our offer"


def test_early_media_does_not_answer_an_update_by_mistake() -> None:
    wire = CallWire()
    wire.ring(ABLE)
    wire.step(wire.calls.progress, "in-1", body=b"early")
    prack(wire, wire.responses()[-1])
    wire.receive(wire.inside(wire.responses()[-1], "UPDATE", cseq=12, body=b"new offer"))
    wire.step(wire.calls.progress, "in-1", body=b"early")
    assert wire.responses()[-1].body == b""
    wire.step(wire.calls.answer, "in-1", b"new answer")
    assert statuses(wire, "UPDATE") == [200]
