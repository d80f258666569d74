"""What the agent makes of messages that are malformed, too large or not for us, and what it tells.

Each answer that comes back to a request of ours has to have an end at once: it is used, or the
request has failed with the fault as its reason. "Does not answer" is said of silence alone.
"""

import random
import re
from collections.abc import Callable

import pytest

from sipcli.core.calls.events import Answered as CallAnswered
from sipcli.core.calls.events import Ended, OfferAnswered, OfferDue, OfferRefused, Progress
from sipcli.core.events import Pong, Registered, RegistrationFailed, Warned
from sipcli.core.fault_reports import MAX_REPORTS, PERIOD
from sipcli.core.requests.exchange import Answered, Outcome
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import LIMITS, encode
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, BOB, BOBS_PHONE, OFFER, SDP, CallWire, word
from tests.core.peer import ask
from tests.core.registrar import accept
from tests.core.wire import Wire
from tests.sip.test_fuzz import mutant

TOO_LARGE = LIMITS.message_size + 1

Damage = Callable[[bytes], bytes]


def in_head(old: bytes, new: bytes) -> Damage:
    """Damage that puts `new` in the place of the pattern `old` in the header section."""
    return lambda data: re.sub(old, new, data, count=1)


USABLE: dict[str, tuple[Damage, str]] = {
    "Content-Length too large": (
        in_head(rb"Content-Length: \d+", b"Content-Length: 99999"),
        "Content-Length Is Greater Than The Body",
    ),
    "Content-Length negative": (
        in_head(rb"Content-Length: \d+", b"Content-Length: -1"),
        "Malformed Content-Length",
    ),
    "Content-Length twice": (
        in_head(rb"\r\n\r\n", b"\r\nl: 1\r\n\r\n"),
        "More Than One Content-Length",
    ),
    "bytes left over": (
        lambda data: data + b"more",
        "More Bytes Than Content-Length Says",
    ),
    "bare LF": (
        lambda data: (
            data.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n")
            + b"\n\n"
            + data.partition(b"\r\n\r\n")[2]
        ),
        "Lines End With LF Instead Of CRLF",
    ),
    "status line with blanks": (
        in_head(rb"SIP/2.0 200 OK", b"SIP/2.0  200   OK"),
        "Malformed Status-Line",
    ),
    "another version": (in_head(rb"SIP/2.0 200", b"SIP/2.1 200"), "Version Not Supported"),
    "From malformed": (in_head(rb"From: ", b'From: "'), "Malformed From"),
    "From missing": (in_head(rb"From: [^\r]*\r\n", b""), "Missing From"),
    "Call-ID twice": (in_head(rb"\r\n\r\n", b"\r\nCall-ID: x\r\n\r\n"), "More Than One Call-ID"),
    "Via missing": (in_head(rb"Via: [^\r]*\r\n", b""), "Missing Via"),
    "Via malformed": (in_head(rb"Via: SIP", b"Via: (SIP"), "Malformed Via"),
}
"""What does not keep a 200 from being used."""

USELESS: dict[str, Damage] = {
    f"{services!r}": in_head(rb"SIP/2.0 200 OK", services)
    for services in (
        b"SIP/2.0 20O OK",
        b"SIP/2.0 200OK",
        b"SIP/2.0 2000 OK",
        b"SIP/2.0 099 OK",
        b"SIP/2.0 OK",
        b"SIP/2.0",
        b"SIP 200 OK",
        b"200 OK",
    )
}
"""What leaves of a 200 nothing that could be told."""


def warnings(wire: Wire) -> list[str]:
    return [event.text for event in wire.told(Warned)]


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
    assert warnings(wire) == []


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
    assert warnings(wire) == ["a 200 to REGISTER is malformed but still used: Message Too Large"]


@pytest.mark.parametrize("fault", USABLE)
def test_a_registrars_answer_with_a_harmless_fault_is_used_and_told(wire: Wire, fault: str) -> None:
    damage, reason = USABLE[fault]
    wire.receive(damage(encode(accept(wire.last()))))
    assert wire.told(Registered)
    (text,) = warnings(wire)
    assert text.startswith("a 200 to REGISTER is malformed but still used: ")
    assert reason in text


def test_an_answer_without_a_blank_line_at_its_end_is_used_and_told(wire: Wire) -> None:
    wire.receive(encode(accept(wire.last())).removesuffix(b"\r\n\r\n"))
    assert wire.told(Registered)
    assert warnings(wire) == [
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
    (text,) = warnings(wire)
    assert re.fullmatch(
        r"a response to REGISTER cannot be used: Malformed (Status|Request)-Line", text
    )
    wire.advance(100)
    assert len(wire.told(RegistrationFailed)) == 1, "nothing is left that could time out"


def test_a_useless_answer_to_options_is_an_outcome(phone: CallWire) -> None:
    outcomes = ping(phone)
    phone.receive(USELESS["b'SIP/2.0 OK'"](encode(build.response(phone.last(), 200))))
    (outcome,) = outcomes
    assert isinstance(outcome, Answered)
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
    assert [isinstance(one, Answered) and one.response.status for one in outcomes] == [404]


def test_without_a_via_nothing_is_guessed_where_two_requests_may_be_meant(phone: CallWire) -> None:
    first, second = ping(phone), ping(phone)
    data = encode(build.response(phone.last(), 404))
    bare = re.sub(rb"Via: [^\r]*\r\n", b"", data)
    phone.receive(re.sub(rb"Call-ID: [^\r]*", b"Call-ID: another", bare))
    assert (first, second) == ([], [])
    assert warnings(phone) == ["a 404 to OPTIONS cannot be used: Missing Via"]
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
    assert warnings(phone) == ["a 200 to OPTIONS cannot be used: More Than One Via In A Response"]
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
    assert [text.partition("cannot be used: ")[2] for text in warnings(phone)] == [reason]
    phone.receive(data)
    assert len(outcomes) == 1
    phone.receive(data)
    phone.receive(in_head(old, new)(data))
    assert len(warnings(phone)) == 1, "late copies are nothing to speak of"


def test_a_late_copy_of_the_answer_to_a_cancel_is_nothing_to_speak_of(phone: CallWire) -> None:
    call, invite = phone.invite()
    phone.reply(invite, 180)
    phone.step(phone.calls.hang_up, call)
    cancelled = build.response(phone.requests("CANCEL")[-1], 200)
    phone.receive(cancelled)
    phone.receive(cancelled)
    assert warnings(phone) == []


# Answers to INVITE


@pytest.mark.parametrize("length", [10_000, 60_000])
def test_a_200_with_a_long_header_gets_its_ack(phone: CallWire, length: int) -> None:
    _, invite = phone.invite()
    phone.reply(invite, 200, ("X-Long", "x" * length), body=ANSWER)
    assert word(phone.messages()[-1]) == "ACK"
    assert phone.heard(CallAnswered)[0].body == ANSWER
    assert warnings(phone) == []


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
    assert reason in warnings(phone)[0]


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
    assert "Malformed To" in warnings(phone)[0]


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


# Requests, and what is no message


def test_a_malformed_request_is_refused_and_told(phone: CallWire) -> None:
    data = encode(ask("INVITE")).replace(b"Content-Length: 0", b"Content-Length: 7")
    phone.receive(data)
    assert phone.responses()[-1].status == 400
    assert warnings(phone) == [
        "an INVITE was refused with 400: Content-Length Is Greater Than The Body"
    ]


def test_a_malformed_ack_is_told_though_it_gets_no_answer(phone: CallWire) -> None:
    before = len(phone.sent)
    phone.receive(encode(ask("ACK")).replace(b"CSeq: 1 ACK", b"CSeq: ACK"))
    assert len(phone.sent) == before
    (text,) = warnings(phone)
    assert text.startswith("an ACK was dropped: Malformed CSeq")
    assert text.endswith("(at character 1)")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Content-Length: 0", b"Content-Length: 5"),
        (b"\r\n\r\n", b"\r\nMax-Forwards: many\r\n\r\n"),
        (b"\r\n\r\n", b"\r\nContact: ,<>\r\n\r\n"),
        (b"\r\n\r\n", b""),
    ],
)
def test_an_ack_with_a_fault_beside_the_point_acknowledges(
    phone: CallWire, old: bytes, new: bytes
) -> None:
    invite = phone.ring()
    phone.step(phone.calls.accept, invite.call_id, ANSWER)
    phone.receive(encode(phone.inside(phone.responses()[-1], "ACK", cseq=10)).replace(old, new, 1))
    assert "an ACK is malformed but still used" in warnings(phone)[0]
    phone.advance(100)
    assert phone.heard(Ended) == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data.removesuffix(b"\r\n\r\n"), "No Blank Line After The Header"),
        (lambda data: data.replace(b"\r\n", b"\n"), "Lines End With LF Instead Of CRLF"),
        (lambda data: data + b"more", "More Bytes Than Content-Length Says"),
    ],
)
def test_a_request_with_a_harmless_fault_is_served_and_told(
    phone: CallWire, damage: Damage, reason: str
) -> None:
    phone.receive(damage(encode(ask("OPTIONS"))))
    assert phone.responses()[-1].status == 200
    (text,) = warnings(phone)
    assert text.startswith(f"an OPTIONS is malformed but still used: {reason}")


def test_a_request_above_the_bound_gets_513_and_the_connection_stays(phone: CallWire) -> None:
    data = encode(ask("MESSAGE", body=b"x" * TOO_LARGE))
    phone.receive(data)
    assert phone.responses()[-1].status == 513
    assert warnings(phone) == ["a MESSAGE was refused with 513: Message Too Large"]
    phone.receive(ask("OPTIONS", branch="z9hG4bKnext", call_id="next"))
    assert phone.responses()[-1].status == 200


def test_what_is_no_message_is_told_with_its_beginning(phone: CallWire) -> None:
    phone.receive(b"\r\nHTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")
    phone.receive(b"\xff" * 500)
    assert warnings(phone) == [
        'the server sent something that is not a SIP message, "HTTP/1.1 400 Bad Request": '
        "Malformed Request-Line",
        f'the server sent something that is not a SIP message, "{"�" * 60}…": '
        "Malformed Request-Line",
    ]


def test_a_flood_of_faults_is_told_within_bounds(phone: CallWire) -> None:
    for number in range(1000):
        phone.receive(f"garbage{number}".encode())
        phone.receive(b"garbage")
    texts = warnings(phone)
    assert len(texts) == MAX_REPORTS + 1
    assert "more malformed messages arrived" in texts[-1]
    phone.advance(PERIOD)
    phone.receive(b"garbage")
    assert len(warnings(phone)) == MAX_REPORTS + 2
    assert "not a SIP message" in warnings(phone)[-1]


def test_a_harmless_fault_that_is_in_all_messages_is_told_once(phone: CallWire) -> None:
    for number, method in enumerate(["OPTIONS", "MESSAGE"] * 2):
        request = ask(method, branch=f"z9hG4bK{number}", call_id=f"c{number}")
        phone.receive(encode(request) + b"more")
    (text,) = warnings(phone)
    assert text.startswith("an OPTIONS is malformed but still used")


# RFC 2543, CANCEL


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


def test_a_userless_options_is_for_us_and_nothing_else_is(phone: CallWire) -> None:
    statuses = {}
    for number, method in enumerate(["OPTIONS", "MESSAGE", "INVITE"]):
        request = ask(
            method, str(SipUri(host="192.0.2.1")), branch=f"z9hG4bK{number}", call_id=f"c{number}"
        )
        phone.receive(request)
        statuses[method] = phone.responses()[-1].status
    assert statuses == {"OPTIONS": 200, "MESSAGE": 404, "INVITE": 404}


def test_ice_is_an_extension_that_we_have(phone: CallWire) -> None:
    phone.ring(("Require", "ice"))
    assert phone.responses()[-1].status == 180
    phone.invite()
    assert "ice" in phone.requests("INVITE")[-1].supported


# Damage of any kind


@pytest.mark.parametrize("seed", range(8))
def test_damaged_answers_never_hang_a_call(seed: int) -> None:
    """Whatever comes back, each call that we make has an end once the far end is silent."""
    dice = random.Random(seed)
    for _ in range(40):
        phone = CallWire()
        call, invite = phone.invite()
        fields = [("Contact", BOBS_PHONE), SDP, ("Allow", "INVITE, UPDATE, ACK, BYE")]
        answers = [
            encode(build.response(invite, status, to_tag="bob1", headers=fields, body=body))
            for status, body in ((180, b""), (183, ANSWER), (200, ANSWER), (302, b""), (486, b""))
        ]
        for _ in range(dice.randint(1, 4)):
            phone.receive(mutant(dice.choice(answers), answers, dice))
        if dice.random() < 0.5:
            phone.receive(answers[2])
            if phone.calls.can_offer(call):
                phone.step(phone.calls.offer, call, OFFER)
                ours = phone.requests()[-1]
                phone.receive(mutant(encode(build.response(ours, 200)), answers, dice))
        phone.step(phone.calls.hang_up, call)
        phone.advance(200)
        assert len(phone.heard(Ended)) == 1
        assert phone.calls.is_idle
        assert all(len(text) < 300 for text in warnings(phone))


@pytest.mark.parametrize("seed", range(8))
def test_damaged_requests_never_harm_a_call(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(20):
        phone = CallWire()
        call, invite = phone.talk()
        requests = [
            encode(phone.inside(invite, method, *more, cseq=20 + number, body=body))
            for number, (method, more, body) in enumerate(
                (
                    ("INVITE", (), OFFER),
                    ("UPDATE", (), OFFER),
                    ("ACK", (), b""),
                    ("INFO", (("Content-Type", "application/dtmf"),), b"5"),
                    ("MESSAGE", (("Content-Type", "text/plain;charset=koi8-r"),), b"hi"),
                    ("OPTIONS", (), b""),
                    (
                        "UPDATE",
                        (("Content-Type", "multipart/mixed;boundary=b"),),
                        b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--",
                    ),
                )
            )
        ]
        for _ in range(20):
            phone.receive(mutant(dice.choice(requests), requests, dice))
        phone.step(phone.calls.hang_up, call)
        phone.advance(200)
        assert [one.call for one in phone.heard(Ended)].count(call) == 1
        assert phone.calls.is_idle
