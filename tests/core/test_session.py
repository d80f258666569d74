"""Requests within a dialog, offers apart (RFC 3261 §12.2, §15; RFC 3326; RFC 6086)."""

import pytest

from sipcli.core.calls.calls import NoSuchCall
from sipcli.core.calls.events import (
    Ended,
    InfoDelivered,
    InfoReceived,
)
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.core.calls.session import MAX_BYES
from sipcli.sip.message import Request
from tests.core.call_wire import ANSWER, CallWire

DTMF = ("Content-Type", "application/dtmf-relay")


def answer_to(wire: CallWire, request: Request) -> int:
    """Have a request arrive; the status of the answer."""
    wire.receive(request)
    last = wire.responses()[-1]
    assert last.cseq == request.cseq
    return last.status


def test_dtmf_in_info_is_told() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    assert answer_to(wire, wire.inside(invite, "INFO", DTMF, body=b"Signal=5")) == 200
    expected = InfoReceived(call=call, content_type="application/dtmf-relay", body=b"Signal=5")
    assert wire.heard(InfoReceived) == [expected]


@pytest.mark.parametrize(
    ("method", "fields", "body", "status"),
    [
        ("INFO", (), b"", 200),
        ("INFO", (("Content-Type", "text/plain"),), b"x", 415),
        ("INFO", (("Info-Package", "foo"),), b"", 469),
        ("OPTIONS", (), b"", 200),
        ("MESSAGE", (("Content-Type", "text/plain"),), b"hello", 200),
        ("NOTIFY", (), b"", 489),
        ("NOTIFY", (("Event", "presence"),), b"", 489),
        ("NOTIFY", (("Event", "refer"),), b"", 481),
        ("SUBSCRIBE", (("Event", "presence"),), b"", 489),
        ("PRACK", (("RAck", "1 1 INVITE"),), b"", 481),
        ("PUBLISH", (), b"", 405),
        ("JUGGLE", (), b"", 501),
        ("INVITE", (("Require", "teleport"),), b"x", 420),
        ("UPDATE", (("Content-Type", "text/plain"),), b"x", 415),
        ("INVITE", (("Session-Expires", "30"), ("Supported", "timer")), b"x", 422),
    ],
)
def test_each_request_in_a_dialog_gets_the_answer_it_deserves(
    method: str, fields: tuple[tuple[str, str], ...], body: bytes, status: int
) -> None:
    wire = CallWire()
    call, invite = wire.talk()
    assert answer_to(wire, wire.inside(invite, method, *fields, body=body)) == status
    assert wire.heard(InfoReceived) == []
    assert wire.heard(Ended) == []
    assert wire.calls.can_offer(call)


def test_a_request_older_than_one_we_have_seen_gets_500() -> None:  # §12.2.2
    wire = CallWire()
    _, invite = wire.talk()
    assert answer_to(wire, wire.inside(invite, "INFO", cseq=30)) == 200
    assert answer_to(wire, wire.inside(invite, "BYE", cseq=29)) == 500
    assert wire.heard(Ended) == []


@pytest.mark.parametrize(("ours", "theirs"), [("wrong", "bob1"), (None, "wrong")])
def test_a_request_of_another_dialog_gets_481(ours: str | None, theirs: str) -> None:
    wire = CallWire()
    _, invite = wire.talk()
    bye = wire.inside(invite, "BYE", tag=theirs)
    if ours is not None:
        bye = bye.replacing(headers=bye.headers.replaced("To", f"<sip:alice@x>;tag={ours}"))
    assert answer_to(wire, bye) == 481
    assert wire.heard(Ended) == []


def test_a_bye_says_why_where_it_does() -> None:  # RFC 3326
    wire = CallWire()
    _, invite = wire.talk()
    wire.now += 3
    reason = ("Reason", 'Q.850;cause=16, SIP;cause=200;text="Call completed elsewhere"')
    wire.receive(wire.inside(invite, "BYE", reason))
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status, ended.duration_s) == ("remote", 200, 3.0)
    assert ended.reason == "Call completed elsewhere"
    assert (ended.q850_cause, ended.q850_text) == (16, None)
    assert wire.calls.is_idle


@pytest.mark.parametrize(
    ("reason", "cause", "text"),
    [
        ('q.850 ; cause=34 ; text="No circuit, sorry"', 34, "No circuit, sorry"),
        ("SIP;cause=200, Q.850;cause=31", 31, None),
        ('Q.850;text="why"', None, "why"),
        ("Q.850;cause=1e3", None, None),
        ("SIP;cause=200", None, None),
        ("Q.850", None, None),
        ("", None, None),
    ],
)
def test_what_the_telephone_network_said_is_told(
    reason: str, cause: int | None, text: str | None
) -> None:
    wire = CallWire()
    _, invite = wire.talk()
    wire.receive(wire.inside(invite, "BYE", ("Reason", reason)))
    (ended,) = wire.heard(Ended)
    assert (ended.q850_cause, ended.q850_text) == (cause, text)


def test_a_bye_that_crosses_ours_is_answered() -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.step(wire.calls.hang_up, call)
    assert answer_to(wire, wire.inside(invite, "INFO")) == 481
    assert answer_to(wire, wire.inside(invite, "BYE", cseq=21)) == 200
    assert len(wire.heard(Ended)) == 1


def test_a_bye_waits_for_a_connection_and_is_tried_on_a_few() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.lose()
    wire.step(wire.calls.hang_up, call)
    assert wire.heard(Ended)
    for _ in range(2 * MAX_BYES):
        wire.step(wire.agent.tick)
    for _ in range(MAX_BYES):
        wire.advance(40)
        wire.open()
        assert wire.last().method == "BYE"
        wire.lose()
    assert wire.calls.is_idle


def test_our_info_reports_its_answer() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=5")
    info = wire.last()
    assert info.headers.get("Content-Type") == "application/dtmf-relay"
    wire.reply(info, 415)
    assert wire.heard(InfoDelivered) == [InfoDelivered(call=call, status=415)]
    assert wire.heard(Ended) == [], "an INFO may fail alone"


def test_an_info_without_a_connection_is_told_to_be_lost() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.lose()
    wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=5")
    assert wire.heard(InfoDelivered) == [InfoDelivered(call=call, status=None)]


def test_a_verb_on_a_call_that_is_over_is_a_mistake() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.step(wire.calls.hang_up, call)
    for verb, args in (("offer", (b"x",)), ("answer", (b"x",)), ("info", ("a/b", b"x"))):
        with pytest.raises(NoSuchCall):
            wire.step(getattr(wire.calls, verb), call, *args)


def test_verbs_for_incoming_calls_do_not_fit_outgoing_ones() -> None:
    wire = CallWire()
    call, _ = wire.invite()
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.accept, call, ANSWER)
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.offer, call, b"no dialog yet")
    assert not wire.calls.can_offer(call)
