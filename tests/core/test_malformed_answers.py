"""What the agent makes of answers that are malformed or too large, and what it tells.

Each answer that comes back to a request of ours has to have an end at once: it is used, or the
request has failed with the fault as its reason. "Does not answer" is said of silence alone.
"""

import re

import pytest

from sipcli.core.calls.events import Answered as CallAnswered
from sipcli.core.calls.events import Ended, OfferAnswered, OfferDue, OfferRefused, Progress
from sipcli.core.events import Pong, Registered, RegistrationFailed
from sipcli.core.requests.exchange import FinalResponse, Outcome
from sipcli.sip import build
from sipcli.sip.message import Response
from sipcli.sip.parser import encode
from tests.core.call_wire import ANSWER, BOB, BOBS_PHONE, OFFER, SDP, CallWire, word
from tests.core.damage import TOO_LARGE, USABLE, USELESS, in_head
from tests.core.factories import accept
from tests.core.wire import Wire


@pytest.fixture
def wire() -> Wire:
    wire = Wire(retry_forever=False)
    wire.start()
    return wire


@pytest.fixture
def phone() -> CallWire:
    return CallWire()


def ping(phone: CallWire) -> list[Outcome]:
    outcomes: list[Outcome] = []
    phone.step(phone.agent.ping, BOB, outcomes.append)
    return outcomes


# Answers to requests outside dialogs


def test_a_registrar_may_show_all_bindings_in_one_line(wire: Wire) -> None:
    request = wire.last()
    others = [
        f'<sip:u{n}@10.0.{n}.1:5060;transport=ws>;expires=3600;+sip.instance="<urn:uuid:{n:036d}>"'
        f';reg-id=1;received="sip:192.0.2.{n}:{40000 + n};transport=ws"'
        f';path="<sip:edge{n}.example;lr>"'
        for n in range(60)
    ]
    own = f"{request.contacts[0]}"
    services = ", ".join([*others, own])
    assert len(services) > 8192
    wire.receive(build.response(request, 200, to_tag="r", headers=[("Contact", services)]))
    (registered,) = wire.told(Registered)
    assert len(registered.bindings) == 61
    assert [binding.ours for binding in registered.bindings].count(True) == 1
    assert wire.warnings() == []


def test_a_registrars_answer_above_the_bound_counts_without_what_was_cut_off(wire: Wire) -> None:
    request = wire.last()
    own = f"{request.contacts[0]}"
    filler = ", ".join(f"<sip:u{n}@h>;expires=3600" for n in range(4000))
    headers = [("Contact", own), ("Contact", filler), ("Service-Route", "<sip:edge.example;lr>")]
    data = encode(build.response(request, 200, to_tag="r", headers=headers))
    assert len(data) > TOO_LARGE
    wire.receive(data)
    (registered,) = wire.told(Registered)
    assert [binding.ours for binding in registered.bindings] == [True]
    assert wire.warnings() == ["a 200 to REGISTER is malformed but still used: Message Too Large"]


@pytest.mark.parametrize("fault", USABLE)
def test_a_registrars_answer_with_a_harmless_fault_is_used_and_told(wire: Wire, fault: str) -> None:
    damage, reason = USABLE[fault]
    wire.receive(damage(encode(accept(wire.last()))))
    assert wire.told(Registered)
    (text,) = wire.warnings()
    assert text.startswith("a 200 to REGISTER is malformed but still used: ")
    assert reason in text


def test_an_answer_without_a_blank_line_at_its_end_is_used_and_told(wire: Wire) -> None:
    wire.receive(encode(accept(wire.last())).removesuffix(b"\r\n\r\n"))
    assert wire.told(Registered)
    assert wire.warnings() == [
        "a 200 to REGISTER is malformed but still used: No Blank Line After The Header"
    ]


@pytest.mark.parametrize("fault", USELESS)
def test_a_useless_answer_of_the_registrar_ends_the_request_at_once(wire: Wire, fault: str) -> None:
    wire.receive(USELESS[fault](encode(accept(wire.last()))))
    (failed,) = wire.told(RegistrationFailed)
    assert failed.status == 502
    assert re.fullmatch(
        r"502 the answer cannot be used: Malformed (Status|Request)-Line", failed.reason
    )
    (text,) = wire.warnings()
    assert re.fullmatch(
        r"a response to REGISTER cannot be used: Malformed (Status|Request)-Line", text
    )
    wire.advance(100)
    assert len(wire.told(RegistrationFailed)) == 1, "nothing is left that could time out"


def test_a_useless_answer_to_options_is_an_outcome(phone: CallWire) -> None:
    outcomes = ping(phone)
    phone.receive(USELESS["b'SIP/2.0 OK'"](encode(build.response(phone.last(), 200))))
    (outcome,) = outcomes
    assert isinstance(outcome, FinalResponse)
    assert (outcome.response.status, [f.reason for f in outcome.response.faults]) == (
        502,
        ["Malformed Status-Line"],
    )
    (pong,) = phone.told(Pong)
    assert pong.status == 502


def test_an_unreadable_cseq_does_not_hide_whose_answer_it_is(phone: CallWire) -> None:
    outcomes = ping(phone)
    data = encode(build.response(phone.last(), 404))
    phone.receive(data.replace(b"CSeq: 1 OPTIONS", b"CSeq: one"))
    assert [isinstance(one, FinalResponse) and one.response.status for one in outcomes] == [404]


def test_without_a_via_nothing_is_guessed_where_two_requests_may_be_meant(phone: CallWire) -> None:
    first, second = ping(phone), ping(phone)
    data = encode(build.response(phone.last(), 404))
    bare = re.sub(rb"Via: [^\r]*\r\n", b"", data)
    phone.receive(re.sub(rb"Call-ID: [^\r]*", b"Call-ID: another", bare))
    assert (first, second) == ([], [])
    assert phone.warnings() == ["a 404 to OPTIONS cannot be used: Missing Via"]
    phone.receive(bare)
    assert (first, len(second)) == ([], 1)


def test_an_answer_with_two_vias_is_not_for_us(phone: CallWire) -> None:
    outcomes = ping(phone)
    request = phone.last()
    lost = build.response(request, 200)
    headers = lost.headers.appended("Via", "SIP/2.0/WSS other.invalid;branch=z9hG4bKx")
    phone.receive(Response(status=200, reason="OK", headers=headers))
    one_line = lost.headers.replaced(
        "Via", f"{request.headers.get('Via')}, SIP/2.0/WSS other.invalid;branch=z9hG4bKx"
    )
    phone.receive(Response(status=200, reason="OK", headers=one_line))
    assert outcomes == []
    assert phone.warnings() == ["a 200 to OPTIONS cannot be used: More Than One Via In A Response"]
    phone.receive(build.response(request, 200))
    assert len(outcomes) == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (rb"branch=\w+", b"branch=z9hG4bKother", "Via Branch Is Not That Of The Request"),
        (rb"CSeq: 1 OPTIONS", b"CSeq: 1 INVITE", "CSeq Method Is Not That Of The Request"),
    ],
)
def test_an_answer_that_is_ours_but_for_one_thing_is_told(
    phone: CallWire, old: bytes, new: bytes, reason: str
) -> None:
    outcomes = ping(phone)
    data = encode(build.response(phone.last(), 200))
    phone.receive(in_head(old, new)(data))
    assert outcomes == []
    assert [text.partition("cannot be used: ")[2] for text in phone.warnings()] == [reason]
    phone.receive(data)
    assert len(outcomes) == 1
    phone.receive(data)
    phone.receive(in_head(old, new)(data))
    assert len(phone.warnings()) == 1, "late copies are nothing to speak of"


def test_a_late_copy_of_the_answer_to_a_cancel_is_nothing_to_speak_of(phone: CallWire) -> None:
    call, invite = phone.invite()
    phone.reply(invite, 180)
    phone.step(phone.calls.hang_up, call)
    cancelled = build.response(phone.requests("CANCEL")[-1], 200)
    phone.receive(cancelled)
    phone.receive(cancelled)
    assert phone.warnings() == []


# Answers to INVITE


@pytest.mark.parametrize("length", [10_000, 60_000])
def test_a_200_with_a_long_header_gets_its_ack(phone: CallWire, length: int) -> None:
    _, invite = phone.invite()
    phone.reply(invite, 200, ("X-Long", "x" * length), body=ANSWER)
    assert word(phone.messages()[-1]) == "ACK"
    assert phone.heard(CallAnswered)[0].body == ANSWER
    assert phone.warnings() == []


@pytest.mark.parametrize("fault", USABLE)
def test_a_200_with_a_harmless_fault_answers_the_call(phone: CallWire, fault: str) -> None:
    _, invite = phone.invite()
    fields = [("Contact", BOBS_PHONE), SDP]
    data = encode(build.response(invite, 200, to_tag="bob1", headers=fields, body=ANSWER))
    damage, reason = USABLE[fault]
    phone.receive(damage(data))
    assert word(phone.messages()[-1]) == "ACK"
    (answered,) = phone.heard(CallAnswered)
    expected = ANSWER[:1] if fault == "Content-Length twice" else ANSWER
    assert answered.body in (ANSWER, expected)
    assert reason in phone.warnings()[0]


def test_a_200_above_the_bound_is_acknowledged_and_hung_up_with_the_reason(phone: CallWire) -> None:
    _, invite = phone.invite()
    fields = [("Contact", BOBS_PHONE), SDP]
    body = ANSWER + b"\r\n" * TOO_LARGE
    phone.fresh()
    phone.receive(build.response(invite, 200, to_tag="bob1", headers=fields, body=body))
    assert phone.words() == ["ACK", "BYE"]
    (ended,) = phone.heard(Ended)
    assert ended.reason == "the answer brings no session description: Message Too Large"


@pytest.mark.parametrize("fault", USELESS)
def test_a_useless_answer_to_invite_ends_the_call_and_what_rings(
    phone: CallWire, fault: str
) -> None:
    _, invite = phone.invite()
    data = encode(build.response(invite, 200, to_tag="bob1", headers=[("Contact", BOBS_PHONE)]))
    phone.fresh()
    phone.receive(USELESS[fault](data))
    (ended,) = phone.heard(Ended)
    assert (ended.by, ended.status) == ("remote", 502)
    assert "the answer cannot be used: Malformed" in ended.reason
    assert phone.words() == ["CANCEL"]
    phone.receive(data)  # it was a 200 after all, as its repetition shows
    assert phone.words() == ["ACK", "BYE"]
    phone.advance(200)
    assert len(phone.heard(Ended)) == 1
    assert phone.agent.calls.is_idle


@pytest.mark.parametrize("status", [180, 200, 486])
def test_what_a_malformed_to_costs_depends_on_the_status(phone: CallWire, status: int) -> None:
    _, invite = phone.invite()
    data = encode(build.response(invite, status, to_tag="bob1", body=b""))
    phone.fresh()
    phone.receive(data.replace(b"To: <", b'To: "<'))
    ended = phone.heard(Ended)
    match status:
        case 180:
            assert (ended, phone.words(), phone.heard(Progress)) == ([], [], [])
            phone.reply(invite, 200, body=ANSWER)
            assert phone.heard(CallAnswered)
        case 200:
            assert ended[0].reason.startswith("the answer cannot be used: Malformed To")
            assert phone.words() == ["CANCEL"]
        case _:
            assert (ended[0].status, phone.words()) == (486, ["ACK"])
    assert "Malformed To" in phone.warnings()[0]


def test_a_useless_answer_to_an_invite_that_nobody_wants_any_more_lets_the_cancel_go(
    phone: CallWire,
) -> None:
    call, invite = phone.invite()
    phone.step(phone.calls.hang_up, call)
    phone.fresh()
    phone.receive(USELESS["b'SIP/2.0 OK'"](encode(build.response(invite, 200))))
    assert phone.words() == ["CANCEL"]
    phone.reply(invite, 487)
    assert phone.words() == ["ACK"]
    assert len(phone.heard(Ended)) == 1


def test_a_reinvite_that_is_answered_uselessly_changes_nothing(phone: CallWire) -> None:
    call, _ = phone.talk()
    phone.step(phone.calls.offer, call, OFFER)
    invite = phone.requests("INVITE")[-1]
    phone.fresh()
    phone.receive(USELESS["b'SIP/2.0 OK'"](encode(build.response(invite, 200, body=ANSWER))))
    (refused,) = phone.heard(OfferRefused)
    assert (refused.status, refused.will_retry) == (502, False)
    assert phone.words() == ["CANCEL"]
    phone.reply(invite, 487)
    assert phone.words() == ["ACK"]
    phone.advance(64)
    assert phone.heard(Ended) == []
    phone.step(phone.calls.offer, call, OFFER)
    phone.reply(phone.requests("INVITE")[-1], 200, body=ANSWER)
    assert phone.words() == ["INVITE", "ACK"]


def test_a_reinvite_that_was_taken_after_all_is_set_right(phone: CallWire) -> None:
    call, _ = phone.talk()
    phone.step(phone.calls.offer, call, OFFER)
    invite = phone.requests("INVITE")[-1]
    answer = encode(build.response(invite, 200, headers=[SDP], body=ANSWER))
    phone.receive(USELESS["b'SIP/2.0 OK'"](answer))
    assert not phone.calls.can_offer(call), "the first INVITE has no final answer yet"
    phone.fresh()
    phone.receive(answer)
    phone.receive(answer)
    assert phone.words() == ["ACK", "ACK"]
    assert [one.is_refresh for one in phone.heard(OfferDue)] == [True]
    assert phone.calls.can_offer(call)
    phone.step(phone.calls.offer, call, OFFER)
    phone.reply(phone.requests("INVITE")[-1], 200, body=ANSWER)
    assert len(phone.heard(OfferAnswered)) == 1
