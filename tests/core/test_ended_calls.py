"""What has ended costs a step nothing, even while its transactions are still remembered."""

from collections.abc import Callable

import pytest

from sipcli.core.calls.events import Incoming
from sipcli.core.calls.session import MAX_BYES
from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from tests.core.call_wire import ANSWER, CallWire
from tests.core.factories import ask
from tests.opcodes import opcodes

FEW, MANY = 20, 200
MORE = 1.1
"""How much more work the same may be after `MANY` calls than after `FEW`: entries of stopped timers
are taken out of the heap now and then."""


def ours(wire: CallWire, number: int) -> None:
    """A call of ours: answered and hung up."""
    call, invite = wire.invite()
    wire.reply(invite, 200, body=ANSWER)
    wire.step(wire.calls.hang_up, call)
    wire.reply(wire.requests("BYE")[-1], 200, tag=None)


def theirs(wire: CallWire, number: int) -> None:
    """A call of theirs: answered, and hung up by them."""
    invite = wire.ring(call_id=f"in-{number}")
    wire.step(wire.calls.accept, invite.call_id, ANSWER)
    (accepted,) = [response for response in wire.responses() if response.status == 200]
    wire.receive(wire.inside(accepted, "ACK", cseq=10))
    wire.receive(wire.inside(accepted, "BYE", cseq=11))


def unconfirmed(wire: CallWire, number: int) -> None:
    """A call of ours whose BYE is not answered yet: it lingers."""
    call, invite = wire.invite()
    wire.reply(invite, 200, body=ANSWER)
    wire.step(wire.calls.hang_up, call)


def refused_both_ways(wire: CallWire) -> None:
    _, invite = wire.invite()
    wire.reply(invite, 486)
    ringing = wire.ring(call_id="next")
    wire.step(wire.calls.reject, ringing.call_id, 486)
    wire.receive(wire.inside(wire.responses()[-1], "ACK", cseq=10))
    wire.receive(ask("OPTIONS", branch="z9hG4bKnext", call_id="options"))
    wire.step(wire.agent.tick)
    wire.agent.deadline()


def work_after(count: int, call: Callable[[CallWire, int], None]) -> int:
    wire = CallWire(max_lingering_calls=1000)
    for number in range(count):
        call(wire, number)
        wire.sent.clear()
    return opcodes(lambda: refused_both_ways(wire))


@pytest.mark.parametrize("call", [ours, theirs, unconfirmed])
def test_a_step_is_as_much_work_after_many_calls_as_after_few(
    call: Callable[[CallWire, int], None],
) -> None:
    assert work_after(MANY, call) < work_after(FEW, call) * MORE


def test_confirmed_ends_are_forgotten_in_turn() -> None:
    wire = CallWire()
    for number in range(30):
        unconfirmed(wire, number)
    for bye in wire.requests("BYE"):
        wire.reply(bye, 200, tag=None)
    for _ in range(4):
        wire.step(wire.agent.tick)
    assert list(wire.calls._calls) == []  # noqa: SLF001


def test_too_many_unconfirmed_ends_leave_no_room_for_a_further_call() -> None:
    wire = CallWire(max_lingering_calls=2)
    for number in range(2):
        unconfirmed(wire, number)
    wire.ring(call_id="first")
    assert wire.responses()[-1].status == 486
    wire.advance(MAX_BYES * TRANSACTION_TIMEOUT_S)  # then they are given up
    wire.ring(call_id="second")
    assert [one.call for one in wire.heard(Incoming)] == ["second"]


def test_a_live_call_does_not_linger() -> None:
    wire = CallWire(max_lingering_calls=1)
    wire.talk()
    wire.ring()
    assert wire.responses()[-1].status == 180
