"""A stranger who floods us with calls and acknowledges nothing (RFC 3261 §17.2.1)."""

import pytest

from sipcli.core.calls.events import Ended, Incoming
from tests.core.call_wire import ANSWER, CallWire

pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests

FLOOD = 1100


def flood(wire: CallWire) -> None:
    """More calls of a stranger than we remember, each refused, none acknowledged."""
    for number in range(FLOOD):
        wire.ring(call_id=f"flood-{number}", sender="<sip:eve@example.com>;tag=eve")
    assert {one.status for one in wire.responses()[-1000:]} == {486}


@pytest.fixture
def wire() -> CallWire:
    return CallWire(max_calls=1)


def test_the_real_peer_can_hang_up(wire: CallWire) -> None:
    _, invite = wire.talk()
    flood(wire)
    wire.receive(wire.inside(invite, "BYE"))
    assert (wire.responses()[-1].status, wire.responses()[-1].cseq.method) == (200, "BYE")
    assert wire.heard(Ended)[0].by == "remote"


def test_the_real_peer_can_change_the_call(wire: CallWire) -> None:
    _, invite = wire.talk()
    flood(wire)
    wire.receive(wire.inside(invite, "INVITE", body=b"v=0 another offer"))
    assert wire.responses()[-1].status == 100


def test_the_real_peer_can_cancel(wire: CallWire) -> None:
    invite = wire.ring()
    flood(wire)
    wire.cancel(invite)
    statuses = [(one.status, one.cseq.method) for one in wire.responses()[-2:]]
    assert statuses == [(200, "CANCEL"), (487, "INVITE")]


def test_the_call_that_rings_can_be_answered_and_acknowledged(wire: CallWire) -> None:
    invite = wire.ring()
    flood(wire)
    wire.step(wire.calls.accept, invite.call_id, ANSWER)
    wire.receive(wire.inside(wire.responses()[-1], "ACK", cseq=10))
    wire.advance(40)
    assert wire.heard(Ended) == []


def test_the_next_call_rings(wire: CallWire) -> None:
    _, invite = wire.talk()
    flood(wire)
    wire.receive(wire.inside(invite, "BYE"))
    wire.ring(call_id="next")
    assert wire.heard(Incoming)[-1].call == "next"
