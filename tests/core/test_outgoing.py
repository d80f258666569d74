"""Calling somebody (RFC 3261 §13.2, §9.1; RFC 3262 §4; RFC 4028 §7.3)."""

import pytest

from sipcli.core.calls.events import Answered, Calling, Ended, Progress
from sipcli.core.calls.outgoing import MAX_FORKS
from sipcli.core.requests.identity import Granted
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import parse_uri
from tests.core.call_wire import ANSWER, OFFER, CallWire

CHALLENGE = 'Digest realm="example.com", nonce="n1", qop="auth"'


def test_a_call_is_placed_rings_and_is_answered() -> None:
    wire = CallWire()
    call, invite = wire.invite(headers=(("X-Ticket", "17"),))
    assert invite.body == OFFER
    assert invite.headers.get("X-Ticket") == "17"
    assert str(invite.uri) == "sip:bob@example.com"
    assert {"timer", "100rel", "replaces"} <= set(invite.supported)
    wire.reply(invite, 100, tag=None)
    wire.now += 1
    wire.reply(invite, 180)
    wire.now += 2
    wire.reply(invite, 200, body=ANSWER)
    assert wire.take() == [
        Calling(call=call, to="sip:bob@example.com"),
        Progress(
            call=call, status=180, reason="Ringing", early_media=False, body=None, fork="bob1"
        ),
        Answered(call=call, status=200, elapsed_s=3.0, body=ANSWER, fork="bob1"),
    ]
    ack = wire.requests("ACK")[-1]
    assert str(ack.uri) == "sip:bob@192.0.2.7;transport=ws"
    assert ack.cseq.number == invite.cseq.number
    assert ack.via.branch != invite.via.branch
    wire.now += 5
    wire.step(wire.calls.hang_up, call)
    bye = wire.requests("BYE")[-1]
    assert bye.cseq.number == invite.cseq.number + 1
    wire.reply(bye, 200)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status, ended.duration_s) == ("local", None, 5.0)
    assert wire.calls.is_idle


def test_an_extra_header_that_cannot_be_written_is_the_owners_mistake() -> None:
    wire = CallWire()
    with pytest.raises(Malformed):
        wire.invite(headers=(("X-Bad", "a\r\nVia: x"),))
    assert wire.calls.is_idle


def test_every_repeated_2xx_gets_its_ack_again() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    for _ in range(3):
        wire.reply(invite, 200, body=ANSWER)
    acks = wire.requests("ACK")
    assert len(acks) == 3
    assert len({ack.via.branch for ack in acks}) == 3
    assert len(wire.heard(Answered)) == 1


def test_the_route_set_is_the_record_route_backwards() -> None:
    wire = CallWire()
    call, _ = wire.talk(("Record-Route", "<sip:p2;lr>"), ("Record-Route", "<sip:p1;lr>"))
    wire.step(wire.calls.hang_up, call)
    bye = wire.last()
    assert [str(route) for route in bye.routes] == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert str(bye.uri) == "sip:bob@192.0.2.7;transport=ws"


def test_a_strict_router_finds_itself_in_the_request_uri() -> None:  # §12.2.1.1
    wire = CallWire()
    call, _ = wire.talk(("Record-Route", "<sip:p2;lr>, <sip:old>"))
    wire.step(wire.calls.hang_up, call)
    bye = wire.last()
    assert str(bye.uri) == "sip:old"
    assert [str(r) for r in bye.routes] == ["<sip:p2;lr>", "<sip:bob@192.0.2.7;transport=ws>"]


def test_a_challenged_invite_goes_out_again_and_its_ack_has_the_credentials() -> None:
    wire = CallWire()
    _, first = wire.invite()
    wire.reply(first, 407, ("Proxy-Authenticate", CHALLENGE))
    second = wire.requests("INVITE")[-1]
    assert second.cseq.number == first.cseq.number + 1
    assert second.call_id == first.call_id
    assert second.from_.tag == first.from_.tag
    assert second.to.tag is None
    wire.reply(second, 200, body=ANSWER)
    ack = wire.requests("ACK")[-1]
    assert ack.headers.get("Proxy-Authorization") == second.headers.get("Proxy-Authorization")
    assert ack.cseq.number == second.cseq.number


def test_without_a_password_a_challenge_ends_the_call_and_says_so() -> None:
    wire = CallWire(credentials=None)
    _, invite = wire.invite()
    wire.reply(invite, 401, ("WWW-Authenticate", CHALLENGE))
    (ended,) = wire.heard(Ended)
    assert (ended.status, ended.needs_password) == (401, True)
    assert wire.calls.is_idle


def test_a_challenge_of_a_request_in_the_dialog_takes_the_dialogs_next_number() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=1")
    wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=2")
    first = wire.requests("INFO")[0]
    wire.reply(first, 401, ("WWW-Authenticate", CHALLENGE))
    assert wire.last().cseq.number == invite.cseq.number + 3


def test_nobody_answers_in_timer_b() -> None:
    wire = CallWire()
    wire.invite()
    wire.advance(33)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("network", 408)
    assert wire.calls.is_idle


def test_without_a_connection_a_call_is_over_at_once() -> None:
    wire = CallWire()
    wire.lose()
    wire.step(wire.calls.invite, wire.identity.aor, OFFER)
    assert [type(event) for event in wire.call_events] == [Calling, Ended]
    assert wire.heard(Ended)[0].by == "network"


def test_a_lost_connection_ends_what_was_not_answered() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 180)
    wire.lose()
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("network", None)
    assert wire.calls.is_idle


@pytest.mark.parametrize("status", [403, 404, 413, 415, 420, 480, 486, 500, 600, 603])
def test_a_refusal_ends_the_call_with_its_status_and_warning(status: int) -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, status, ("Warning", '304 host "no codec"'))
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("remote", status)
    assert ended.reason.endswith(": no codec")
    assert wire.words() == ["INVITE", "ACK"]
    assert wire.calls.is_idle


def test_the_other_forks_2xx_gets_ack_and_bye_also_when_it_comes_late() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 180, tag="b")
    wire.reply(invite, 183, tag="c", body=b"c's")
    wire.reply(invite, 200, tag="b", body=ANSWER)
    wire.fresh()
    for _ in range(2):
        wire.reply(invite, 200, tag="c", body=b"c's", contact="<sip:carol@192.0.2.9>")
    acks = wire.requests("ACK")
    (bye,) = wire.requests("BYE")
    assert [str(ack.uri) for ack in acks] == ["sip:carol@192.0.2.9"] * 2
    assert bye.to.tag == "c"
    assert wire.heard(Ended) == []
    wire.reply(bye, 200)
    wire.step(wire.calls.hang_up, call)
    assert wire.last().to.tag == "b"


def test_the_forks_of_one_call_are_bounded_and_an_answer_finds_room_all_the_same() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    for number in range(MAX_FORKS + 5):
        wire.reply(invite, 180, tag=f"t{number}")
    assert len(wire.heard(Progress)) == MAX_FORKS
    wire.reply(invite, 200, tag="late", body=ANSWER)
    assert wire.heard(Answered)[0].fork == "late"


def test_a_199_ends_one_fork() -> None:  # RFC 6228
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 183, ("Require", "100rel"), ("RSeq", "1"), ("Allow", "UPDATE"), body=b"x")
    assert wire.calls.can_offer(call)
    wire.reply(invite, 199)
    assert not wire.calls.can_offer(call)


def test_the_description_of_an_unreliable_183_is_the_answer_if_the_200_has_none() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 183, body=b"early")
    assert wire.heard(Progress)[0].early_media
    wire.reply(invite, 200)
    assert wire.heard(Answered)[0].body == b"early"


def test_an_answer_without_a_description_is_no_call() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 200)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("local", 488)
    assert wire.heard(Answered) == []
    assert wire.words() == ["INVITE", "ACK", "BYE"]


def test_a_reliable_183_gets_one_prack_and_its_answer_stands() -> None:  # RFC 3262 §4
    wire = CallWire()
    call, invite = wire.invite()
    reliable = ("Require", "100rel")
    wire.reply(invite, 183, reliable, ("RSeq", "7"), body=b"early")
    prack = wire.last()
    assert (prack.method, prack.headers.get("RAck")) == ("PRACK", "7 1 INVITE")
    assert prack.cseq.number == invite.cseq.number + 1
    wire.reply(invite, 183, reliable, ("RSeq", "7"), body=b"early")
    wire.reply(invite, 183, reliable, ("RSeq", "9"), body=b"too early")
    assert len(wire.requests("PRACK")) == 1
    wire.reply(invite, 180, reliable, ("RSeq", "8"), body=b"ignored")
    assert len(wire.requests("PRACK")) == 2
    assert [event.body for event in wire.heard(Progress)] == [b"early", None]
    wire.reply(invite, 200, body=b"ignored too")
    assert wire.heard(Answered)[0].body is None
    assert wire.calls.can_offer(call)


def test_a_refusal_has_the_cause_that_a_gateway_names() -> None:  # RFC 6432
    for status in (404, 503, 603):
        wire = CallWire()
        _, invite = wire.invite()
        wire.reply(invite, status, ("Reason", 'Q.850;cause=1;text="Unallocated number"'))
        (ended,) = wire.heard(Ended)
        assert (ended.status, ended.q850_cause, ended.q850_text) == (
            status,
            1,
            "Unallocated number",
        )


def test_a_cancel_waits_for_a_provisional_response() -> None:  # §9.1
    wire = CallWire()
    call, invite = wire.invite()
    wire.step(wire.calls.hang_up, call, status=480, reason="gave up")
    assert wire.words() == ["INVITE"]
    wire.reply(invite, 100, tag=None)
    (cancel,) = wire.requests("CANCEL")
    assert cancel.via.branch == invite.via.branch
    assert cancel.headers.get("Reason") == 'SIP;cause=480;text="gave up"'
    wire.reply(cancel, 200)
    assert not wire.calls.is_idle
    wire.reply(invite, 487)
    assert wire.words() == ["CANCEL", "ACK"]
    assert wire.calls.is_idle


def test_a_cancelled_invite_that_never_ends_is_given_up() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 180)
    wire.step(wire.calls.hang_up, call)
    wire.advance(31)
    assert not wire.calls.is_idle
    wire.advance(2)
    assert wire.calls.is_idle
    assert not wire.agent._transactions.is_busy  # noqa: SLF001
    assert len(wire.heard(Ended)) == 1


def test_a_challenge_after_the_cancel_is_not_answered() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.step(wire.calls.hang_up, call)
    wire.reply(invite, 401, ("WWW-Authenticate", CHALLENGE))
    assert wire.words() == ["INVITE", "ACK"]
    assert wire.calls.is_idle


def test_ringing_after_the_cancel_is_not_told() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 180)
    wire.step(wire.calls.hang_up, call)
    wire.take()
    wire.reply(invite, 183, body=b"early")
    assert wire.take() == []


def test_a_422_is_followed_with_its_minimum_twice_at_most() -> None:  # RFC 4028 §7.3
    wire = CallWire()
    wire.invite()
    for minimum in ("120", "240", "480"):
        wire.reply(wire.requests("INVITE")[-1], 422, ("Min-SE", minimum))
    invites = wire.requests("INVITE")
    assert [one.min_se for one in invites] == [None, 120, 240]
    assert [one.cseq.number for one in invites] == [1, 2, 3]
    assert wire.heard(Ended)[0].status == 422


def test_an_anonymous_call_says_nothing_about_us_to_its_end() -> None:
    wire = CallWire(display_name="Alice Liddell")
    wire.identity.granted = Granted(
        pub_gruu="sip:alice@example.com;gr=1", temp_gruu="sip:tgruu.7@example.com;gr"
    )
    call, invite = wire.invite(anonymous=True)
    tag = invite.from_.tag
    sender = f'"Anonymous" <sip:anonymous@anonymous.invalid>;tag={tag}'
    wire.reply(invite, 200, body=ANSWER)
    wire.step(wire.calls.offer, call, b"hold")
    wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=1")
    wire.step(wire.calls.refer, call, target=invite.to.uri)
    wire.step(wire.calls.hang_up, call)
    for request in wire.requests():
        assert request.headers.get("From") == sender
        assert request.headers.get("Privacy") == "id"
        text = "".join(value for name, value in request.headers if name != "P-Preferred-Identity")
        assert "alice" not in text.lower()
    assert invite.contacts[0].uri == parse_uri("sip:tgruu.7@example.com;gr")
    assert invite.headers.get("P-Preferred-Identity") == "<sip:alice@example.com>"
