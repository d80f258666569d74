"""An INVITE that takes the place of a call (RFC 3891 §3)."""

from sipcli.core.calls.events import Ended, Incoming
from tests.core.call_wire import ANSWER, CallWire


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
    assert wire.responses()[-1].status == 486
    wire.ring()
    replace(wire, "in-1")
    assert wire.responses()[-1].status == 481, "early, and it is they who called"
    wire.step(wire.calls.hang_up, call)
    replace(wire, call)
    assert wire.responses()[-1].status == 603
