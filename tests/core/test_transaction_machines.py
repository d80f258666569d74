"""The four machines, arrow by arrow: RFC 3261 figures 5, 6 and 8, RFC 6026 figure 5, RFC 4320."""

from collections.abc import Callable

import pytest

from sipcli.core.transactions.client import InviteClient, NonInviteClient
from sipcli.core.transactions.client import InviteClientState as Ic
from sipcli.core.transactions.client import NonInviteClientState as Nc
from sipcli.core.transactions.server import InviteServer, NonInviteServer
from sipcli.core.transactions.server import InviteServerState as Is
from sipcli.core.transactions.server import NonInviteServerState as Ns
from sipcli.core.transactions.transaction import (
    Deadlines,
    Deliver,
    Effect,
    Ignored,
    Send,
    TimedOut,
)
from sipcli.core.transactions.transaction import TransactionTimer as T
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import parse_uri

FIELDS = [
    ("Via", "SIP/2.0/WSS a.invalid;branch=z9hG4bK1"),
    ("To", "<sip:bob@example.com>"),
    ("From", "<sip:alice@example.com>;tag=f"),
    ("Call-ID", "1"),
]


def request(method: str) -> Request:
    uri = parse_uri("sip:bob@example.com")
    return build.request(method, uri, [*FIELDS, ("CSeq", f"1 {method}")])


INVITE, OPTIONS, ACK = request("INVITE"), request("OPTIONS"), request("ACK")


def response(status: int, to: Request = INVITE) -> Response:
    return build.response(to, status, to_tag="t")


def kinds(effects: list[Effect]) -> list[type[Effect]]:
    return [type(effect) for effect in effects]


# Ways into each state: a fresh machine, and what brings it there.


def invite_client(*statuses: int) -> InviteClient:
    machine = InviteClient(INVITE, 100)
    for status in statuses:
        machine.receive(response(status), 110)
    return machine


def non_invite_client(*statuses: int) -> NonInviteClient:
    machine = NonInviteClient(OPTIONS, 100)
    for status in statuses:
        machine.receive(response(status, OPTIONS), 110)
    return machine


def invite_server(*statuses: int, ack: bool = False) -> InviteServer:
    machine = InviteServer(INVITE)
    for status in statuses:
        machine.respond(response(status), 110)
    if ack:
        machine.receive(ACK)
    return machine


def non_invite_server(*statuses: int) -> NonInviteServer:
    machine = NonInviteServer(OPTIONS, 100)
    for status in statuses:
        machine.respond(response(status, OPTIONS), 110)
    return machine


@pytest.mark.parametrize(
    ("before", "status", "state", "deadlines", "effects"),
    [
        ([], 180, Ic.PROCEEDING, {}, [Deliver]),
        ([], 200, Ic.ACCEPTED, {T.M: 152}, [Deliver]),
        ([], 302, Ic.TERMINATED, {}, [Send, Deliver]),
        ([], 486, Ic.TERMINATED, {}, [Send, Deliver]),
        ([180], 183, Ic.PROCEEDING, {}, [Deliver]),
        ([180], 200, Ic.ACCEPTED, {T.M: 152}, [Deliver]),
        ([180], 603, Ic.TERMINATED, {}, [Send, Deliver]),
        ([200], 200, Ic.ACCEPTED, {T.M: 142}, [Deliver]),
        ([200], 180, Ic.ACCEPTED, {T.M: 142}, [Ignored]),
        ([200], 486, Ic.ACCEPTED, {T.M: 142}, [Ignored]),
        ([486], 180, Ic.TERMINATED, {}, [Ignored]),
        ([486], 200, Ic.TERMINATED, {}, [Ignored]),
        ([486], 486, Ic.TERMINATED, {}, [Ignored]),
    ],
)
def test_invite_client_responses(
    before: list[int],
    status: int,
    state: Ic,
    deadlines: Deadlines,
    effects: list[type[Effect]],
) -> None:
    machine = invite_client(*before)
    assert kinds(machine.receive(response(status), 120)) == effects
    assert (machine.state, machine.deadlines) == (state, deadlines)


def test_invite_client_starts_timer_b_and_acknowledges_a_refusal_itself() -> None:
    machine = invite_client()
    assert machine.deadlines == {T.B: 132}
    (sent, _) = machine.receive(response(486), 110)
    assert isinstance(sent, Send)
    ack = sent.message
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert ack.via.branch == INVITE.via.branch
    assert ack.to.tag == "t"


@pytest.mark.parametrize(
    ("before", "status", "state", "deadlines", "effects"),
    [
        ([], 100, Nc.PROCEEDING, {T.F: 132}, [Deliver]),
        ([], 200, Nc.TERMINATED, {}, [Deliver]),
        ([], 404, Nc.TERMINATED, {}, [Deliver]),
        ([100], 100, Nc.PROCEEDING, {T.F: 132}, [Deliver]),
        ([100], 200, Nc.TERMINATED, {}, [Deliver]),
        ([100], 699, Nc.TERMINATED, {}, [Deliver]),
        ([200], 100, Nc.TERMINATED, {}, [Ignored]),
        ([200], 200, Nc.TERMINATED, {}, [Ignored]),
        ([200], 500, Nc.TERMINATED, {}, [Ignored]),
    ],
)
def test_non_invite_client_responses(
    before: list[int],
    status: int,
    state: Nc,
    deadlines: Deadlines,
    effects: list[type[Effect]],
) -> None:
    machine = non_invite_client(*before)
    assert kinds(machine.receive(response(status, OPTIONS), 120)) == effects
    assert (machine.state, machine.deadlines) == (state, deadlines)


@pytest.mark.parametrize(
    ("before", "status", "state", "deadlines", "effects"),
    [
        ([], 100, Is.PROCEEDING, {}, [Send]),
        ([], 180, Is.PROCEEDING, {}, [Send]),
        ([], 200, Is.ACCEPTED, {T.L: 152}, [Send]),
        ([], 480, Is.COMPLETED, {T.H: 152}, [Send]),
        ([180], 183, Is.PROCEEDING, {}, [Send]),
        ([180], 200, Is.ACCEPTED, {T.L: 152}, [Send]),
        ([180], 486, Is.COMPLETED, {T.H: 152}, [Send]),
        ([200], 200, Is.ACCEPTED, {T.L: 142}, [Send]),
        ([200], 180, Is.ACCEPTED, {T.L: 142}, [Ignored]),
        ([200], 486, Is.ACCEPTED, {T.L: 142}, [Ignored]),
        ([486], 180, Is.COMPLETED, {T.H: 142}, [Ignored]),
        ([486], 200, Is.COMPLETED, {T.H: 142}, [Ignored]),
        ([486], 486, Is.COMPLETED, {T.H: 142}, [Ignored]),
    ],
)
def test_invite_server_answers(
    before: list[int],
    status: int,
    state: Is,
    deadlines: Deadlines,
    effects: list[type[Effect]],
) -> None:
    machine = invite_server(*before)
    assert kinds(machine.respond(response(status), 120)) == effects
    assert (machine.state, machine.deadlines) == (state, deadlines)


@pytest.mark.parametrize(
    ("machine", "message", "state", "effects"),
    [
        (invite_server(), INVITE, Is.PROCEEDING, [Ignored]),
        (invite_server(), ACK, Is.PROCEEDING, [Ignored]),
        (invite_server(180), INVITE, Is.PROCEEDING, [Send]),
        (invite_server(180), ACK, Is.PROCEEDING, [Ignored]),
        (invite_server(200), INVITE, Is.ACCEPTED, [Ignored]),
        (invite_server(200), ACK, Is.ACCEPTED, [Deliver]),
        (invite_server(486), INVITE, Is.COMPLETED, [Send]),
        (invite_server(486), ACK, Is.TERMINATED, [Ignored]),
        (invite_server(486, ack=True), INVITE, Is.TERMINATED, [Ignored]),
        (invite_server(486, ack=True), ACK, Is.TERMINATED, [Ignored]),
    ],
)
def test_invite_server_requests(
    machine: InviteServer, message: Request, state: Is, effects: list[type[Effect]]
) -> None:
    assert kinds(machine.receive(message)) == effects
    assert machine.state is state


@pytest.mark.parametrize("statuses", [(180,), (180, 183), (180, 486)])
def test_a_repeated_invite_gets_the_latest_answer(statuses: tuple[int, ...]) -> None:
    (effect,) = invite_server(*statuses).receive(INVITE)
    assert isinstance(effect, Send)
    assert isinstance(effect.message, Response)
    assert effect.message.status == statuses[-1]


@pytest.mark.parametrize("status", [200, 302, 404, 500, 603])
def test_a_non_invite_server_sends_one_final_answer(status: int) -> None:
    machine = non_invite_server()
    assert machine.deadlines == {T.F: 132}
    assert kinds(machine.respond(response(status, OPTIONS), 110)) == [Send]
    assert (machine.state, machine.deadlines) == (Ns.TERMINATED, {})
    assert kinds(machine.respond(response(200, OPTIONS), 110)) == [Ignored]


@pytest.mark.parametrize("status", [100, 180, 199, 408])
def test_a_non_invite_server_sends_no_provisional_answer_and_no_408(status: int) -> None:
    machine = non_invite_server()  # RFC 4320 §4.1, §4.2
    assert kinds(machine.respond(response(status, OPTIONS), 110)) == [Ignored]
    assert (machine.state, machine.deadlines) == (Ns.TRYING, {T.F: 132})


@pytest.mark.parametrize("machine", [non_invite_server(), non_invite_server(200)])
def test_a_repeated_non_invite_request_is_noted(machine: NonInviteServer) -> None:
    state = machine.state
    assert kinds(machine.receive(OPTIONS)) == [Ignored]
    assert machine.state is state


Machine = InviteClient | NonInviteClient | InviteServer | NonInviteServer
TIMERS = {
    (InviteClient, "CALLING"): (T.B, [TimedOut]),
    (InviteClient, "ACCEPTED"): (T.M, []),
    (NonInviteClient, "TRYING"): (T.F, [TimedOut]),
    (NonInviteClient, "PROCEEDING"): (T.F, [TimedOut]),
    (InviteServer, "ACCEPTED"): (T.L, []),
    (InviteServer, "COMPLETED"): (T.H, [TimedOut]),
    (NonInviteServer, "TRYING"): (T.F, []),
}
"""What each state's own timer does; it ends the machine."""
WAYS: list[Callable[[], Machine]] = [
    *(lambda way=way: invite_client(*way) for way in ([], [180], [200], [486])),
    *(lambda way=way: non_invite_client(*way) for way in ([], [100], [200])),
    *(lambda way=way: invite_server(*way) for way in ([], [180], [200], [486])),
    lambda: invite_server(486, ack=True),
    *(lambda way=way: non_invite_server(*way) for way in ([], [200])),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("timer", T)
def test_only_a_states_own_timer_does_anything_and_it_is_the_one_that_runs(
    way: Callable[[], Machine], timer: T
) -> None:
    machine = way()
    own, effects = TIMERS.get((type(machine), machine.state.name), (None, []))
    assert list(machine.deadlines) == ([own] if own else [])
    if timer == own:
        assert kinds(machine.expire(timer)) == effects
        assert machine.state.name == "TERMINATED"
        assert machine.deadlines == {}
    else:
        state = machine.state
        assert kinds(machine.expire(timer)) == [Ignored]
        assert machine.state is state
