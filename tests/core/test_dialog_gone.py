"""A far end that knows the dialog no more, or does not answer in it (RFC 3261 §12.2.1.2)."""

import pytest

from sipcli.core.calls.events import Answered, CallId, Ended
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, OFFER, CallWire

TIMER = (("Session-Expires", "1800;refresher=uac"), ("Require", "timer"))
RELIABLE = (("Require", "100rel"), ("RSeq", "1"))
CAROL = SipUri.parse("sip:carol@example.com")


def ask_within(wire: CallWire, method: str) -> CallId:
    """A call in which a request of ours is out."""
    call, invite = wire.talk(("Allow", "INVITE, UPDATE, BYE"), *TIMER)
    match method:
        case "INFO":
            wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=5")
        case "UPDATE":
            wire.advance(900)  # a refresh of the session
        case "REFER":
            wire.step(wire.calls.refer, call, target=CAROL)
        case "NOTIFY":
            wire.receive(wire.inside(invite, "REFER", ("Refer-To", f"<{CAROL}>")))
            wire.step(wire.calls.accept_transfer, call)
        case "INVITE":
            wire.step(wire.calls.offer, call, OFFER)
    assert wire.last().method == method
    return call


@pytest.mark.parametrize("status", [408, 481])
@pytest.mark.parametrize("method", ["INFO", "UPDATE", "REFER", "INVITE"])
def test_a_far_end_that_knows_no_such_dialog_ends_the_call(method: str, status: int) -> None:
    wire = CallWire()  # RFC 3261 §12.2.1.2
    ask_within(wire, method)
    wire.reply(wire.last(), status)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("network", None)
    assert str(status) in ended.reason
    assert wire.last().method == "BYE"
    wire.reply(wire.last(), 481)
    assert wire.calls.is_idle


@pytest.mark.parametrize("status", [400, 403, 405, 415, 480, 488, 500, 501, 503, 603])
@pytest.mark.parametrize("method", ["INFO", "UPDATE", "REFER", "NOTIFY", "INVITE"])
def test_any_other_refusal_leaves_the_call_alone(method: str, status: int) -> None:
    wire = CallWire()
    ask_within(wire, method)
    wire.reply(wire.last(), status)
    assert wire.heard(Ended) == []


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "REFER"])
def test_no_answer_at_all_counts_as_408(method: str) -> None:
    wire = CallWire()
    ask_within(wire, method)
    wire.advance(31.9)
    assert wire.heard(Ended) == []
    wire.advance(0.2)
    assert wire.heard(Ended)[0].by == "network"
    assert wire.last().method == "BYE"


@pytest.mark.parametrize("status", [408, 481, None])
def test_a_notify_that_fails_ends_the_subscription_alone(status: int | None) -> None:
    wire = CallWire()  # RFC 5057 §5.1, RFC 6665 §4.2.2
    call = ask_within(wire, "NOTIFY")
    notify = wire.last()
    wire.step(wire.calls.invite, CAROL, OFFER, transfer=call)
    wire.reply(wire.requests("INVITE")[-1], 100, tag=None)
    told = len(wire.requests("NOTIFY"))
    if status is None:
        wire.advance(32.1)
    else:
        wire.reply(notify, status)
    assert wire.heard(Ended) == []
    wire.reply(wire.requests("INVITE")[-1], 180)
    assert len(wire.requests("NOTIFY")) == told


@pytest.mark.parametrize("status", [408, 481, None])
def test_who_rings_and_knows_no_such_call_any_more_is_not_waited_for(status: int | None) -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 183, *RELIABLE)
    prack = wire.last()
    assert prack.method == "PRACK"
    if status is None:
        wire.advance(32.1)
    else:
        wire.reply(prack, status)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("network", status or 408)
    assert "PRACK" in ended.reason
    assert [request.method for request in wire.requests()][-1] == "CANCEL"


def test_another_fork_that_rings_goes_on() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 183, *RELIABLE)
    wire.reply(invite, 180, tag="bob2")
    wire.reply(wire.requests("PRACK")[0], 481)
    assert wire.heard(Ended) == []
    assert wire.requests("CANCEL") == []
    wire.reply(invite, 200, tag="bob2", body=ANSWER)
    assert len(wire.heard(Answered)) == 1


def test_an_answer_that_crosses_a_prack_outweighs_its_481() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 183, *RELIABLE)
    prack = wire.last()
    wire.reply(invite, 200, body=ANSWER)
    wire.reply(prack, 481)
    assert wire.heard(Ended) == []
    assert wire.requests("BYE") == []
