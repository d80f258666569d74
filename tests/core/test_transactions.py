"""Which transaction a message belongs to, and what becomes of transactions together."""

from collections.abc import Callable

import pytest

from sipcli.core.connection.flow import Flow
from sipcli.core.transactions.layer import Inbound, Transactions
from sipcli.core.transactions.matching import client_key, server_key
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from tests.core.factories import ALICE, ALPHA, ask

FLOW, OTHER_FLOW = Flow(1, ALPHA), Flow(2, ALPHA)
MOST = 50
"""Server transactions of a kind."""


class Wire:
    def __init__(self) -> None:
        self.sent: list[tuple[Flow, Request | Response]] = []
        self.notes: list[str] = []

    def send(self, flow: Flow, message: Request | Response) -> None:
        self.sent.append((flow, message))

    def ignored(self, what: str) -> None:
        self.notes.append(what)


def _nothing() -> None:
    pass


class User:
    """Notes what it is told; `then` is done on the first word."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.then: Callable[[], object] = _nothing

    def _note(self, what: str) -> None:
        self.told.append(what)
        then, self.then = self.then, _nothing
        then()

    def on_response(self, response: Response, now: float) -> None:
        self._note(str(response.status))

    def on_useless(self, response: Response, now: float) -> None:
        self.told.append(f"useless: {response.status} {response.reason}")

    def on_timeout(self, now: float, dropped: str | None) -> None:
        self._note("timeout")

    def on_flow_lost(self, now: float) -> None:
        self._note("lost")


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def layer(wire: Wire) -> Transactions:
    return Transactions(wire, MOST)


def arrive(layer: Transactions, request: Request, flow: Flow = FLOW) -> Inbound | None:
    return layer.receive_request(request, flow, 0)


def answer(request: Request, status: int) -> Response:
    return build.response(request, status, to_tag="t")


# Matching


def test_a_response_belongs_to_the_request_with_its_branch_and_method(
    layer: Transactions, wire: Wire
) -> None:
    invite, options = User(), User()
    layer.send(ask("INVITE", branch="z9hG4bKsame"), FLOW, invite, 0)
    layer.send(ask("OPTIONS", branch="z9hG4bKsame"), FLOW, options, 0)
    layer.receive_response(answer(ask("OPTIONS", branch="z9hG4bKsame"), 200), 0)
    assert (invite.told, options.told) == ([], ["200"])
    layer.receive_response(answer(ask("OPTIONS", branch="z9hG4bKother"), 200), 0)
    assert options.told == ["200"]
    assert len(wire.notes) == 1


@pytest.mark.parametrize(
    "other",
    [
        ask("OPTIONS", branch="z9hG4bKb2"),
        ask("MESSAGE"),
        ask("OPTIONS").replacing(
            headers=ask("OPTIONS").headers.replaced(
                "Via", "SIP/2.0/WSS other.invalid;branch=z9hG4bKb1"
            )
        ),
        ask("OPTIONS").replacing(
            headers=ask("OPTIONS").headers.replaced(
                "Via", "SIP/2.0/WSS peer.invalid:9;branch=z9hG4bKb1"
            )
        ),
    ],
)
def test_branch_sent_by_and_method_make_requests_one_transaction(other: Request) -> None:
    assert server_key(ask("OPTIONS")) == server_key(ask("OPTIONS", cseq=9, call_id="x"))
    assert server_key(ask("OPTIONS")) != server_key(other)


@pytest.mark.parametrize("branch", ["1", "z9hG4bK", "Z9hg4Bk"])
def test_without_the_magic_cookie_the_old_rules_hold(branch: str) -> None:
    def old(**changes: str) -> Request:
        return ask("OPTIONS", branch=branch, **changes)  # type: ignore[arg-type]

    assert server_key(old()) == server_key(old())
    assert server_key(old()) != server_key(old(call_id="x"))
    assert server_key(old()) != server_key(old(sender="<sip:bob@example.com>;tag=x"))
    assert server_key(old()) != server_key(ask("OPTIONS", "sip:bob@example.com", branch=branch))
    assert server_key(old()) != server_key(ask("OPTIONS", branch=branch, cseq=2))
    assert server_key(ask("ACK", branch=branch), "INVITE") == server_key(
        ask("INVITE", branch=branch)
    )


def test_the_key_of_a_client_does_not_depend_on_the_host() -> None:
    assert client_key(ask("OPTIONS")) == ("z9hG4bKb1", "OPTIONS")


# Server transactions


def test_a_repeated_request_is_absorbed_until_its_answer_and_then_is_new(
    layer: Transactions, wire: Wire
) -> None:
    inbound = arrive(layer, ask("OPTIONS"))
    assert inbound is not None
    assert arrive(layer, ask("OPTIONS")) is None
    layer.respond(inbound, answer(inbound.request, 200), 0)
    assert [flow for flow, _ in wire.sent] == [FLOW]
    assert not layer.is_busy
    assert arrive(layer, ask("OPTIONS")) is not None  # Timer J is zero


def test_an_ack_to_a_refusal_ends_with_it_and_one_to_a_2xx_is_for_the_user(
    layer: Transactions,
) -> None:
    for status, delivered in ((486, False), (200, True)):
        invite = ask("INVITE", branch=f"z9hG4bK{status}")
        inbound = arrive(layer, invite)
        assert inbound is not None
        layer.respond(inbound, answer(invite, status), 0)
        ack = arrive(layer, ask("ACK", branch=f"z9hG4bK{status}"))
        assert (ack is not None) == delivered


def test_an_ack_of_nothing_known_is_for_the_user_and_opens_no_transaction(
    layer: Transactions,
) -> None:
    ack = arrive(layer, ask("ACK"))
    assert ack is not None
    assert not layer.knows(ack)
    assert not layer.is_busy


def test_a_cancel_means_the_invite_with_its_branch_while_that_is_alive(
    layer: Transactions,
) -> None:
    cancel = ask("CANCEL")
    assert layer.invite_for(cancel) is None
    inbound = arrive(layer, ask("INVITE"))
    assert inbound is not None
    assert layer.invite_for(cancel) == inbound
    assert layer.invite_for(ask("CANCEL", branch="z9hG4bKb2")) is None
    layer.tick(32)
    layer.respond(inbound, answer(inbound.request, 486), 0)
    layer.tick(32)
    assert layer.invite_for(cancel) is None


def test_an_answer_without_an_ack_is_noted(layer: Transactions, wire: Wire) -> None:
    inbound = arrive(layer, ask("INVITE"))
    assert inbound is not None
    layer.respond(inbound, answer(inbound.request, 486), 0)
    assert layer.deadline() == 32
    layer.tick(31.9)
    assert wire.notes == []
    layer.tick(32)
    assert len(wire.notes) == 1
    assert layer.deadline() is None


def test_what_peers_make_us_remember_is_bounded(layer: Transactions, wire: Wire) -> None:
    for number in range(MOST + 1):
        inbound = arrive(layer, ask("INVITE", branch=f"z9hG4bK{number}"))
        assert inbound is not None
        assert layer.knows(inbound) == (number < MOST)
    assert inbound is not None
    layer.respond(inbound, answer(inbound.request, 503), 0)  # without a transaction
    assert len(wire.sent) == 1


def test_who_is_in_a_dialog_has_room_whatever_strangers_do(layer: Transactions) -> None:
    for number in range(MOST + 1):
        invite = arrive(layer, ask("INVITE", branch=f"z9hG4bK{number}"))
    within = f"<{ALICE}>;tag=ours"
    for method, to in (("BYE", within), ("INVITE", within), ("CANCEL", f"<{ALICE}>")):
        inbound = arrive(layer, ask(method, to=to, branch=f"z9hG4bK{method}"))
        assert inbound is not None
        assert layer.knows(inbound)
    assert invite is not None
    assert not layer.knows(invite)


@pytest.mark.parametrize("to", [f"<{ALICE}>", f"<{ALICE}>;tag=forged"])
def test_finished_transactions_make_way_the_oldest_and_the_refused_first(
    to: str, layer: Transactions
) -> None:
    rings = arrive(layer, ask("INVITE", branch="z9hG4bKrings", to=to))
    accepted = arrive(layer, ask("INVITE", branch="z9hG4bKaccepted", to=to))
    assert rings is not None
    assert accepted is not None
    layer.respond(rings, answer(rings.request, 180), 0)
    layer.respond(accepted, answer(accepted.request, 200), 0)
    refused = []
    for number in range(MOST):
        one = arrive(layer, ask("INVITE", branch=f"z9hG4bK{number}", to=to))
        assert one is not None
        assert layer.knows(one)
        layer.respond(one, answer(one.request, 486), 0)
        refused.append(one)
    assert [layer.knows(one) for one in refused[:3]] == [False, False, True]
    assert layer.knows(accepted)
    for number in range(MOST):  # none of these is ever answered
        arrive(layer, ask("OPTIONS", branch=f"z9hG4bKo{number}", to=to))
    assert (layer.knows(accepted), layer.knows(rings)) == (False, True)


# Connections


def test_a_lost_connection_ends_its_own_transactions_only(layer: Transactions, wire: Wire) -> None:
    here, there = User(), User()
    layer.send(ask("OPTIONS", branch="z9hG4bK1"), FLOW, here, 0)
    layer.send(ask("OPTIONS", branch="z9hG4bK2"), OTHER_FLOW, there, 0)
    gone = arrive(layer, ask("MESSAGE", branch="z9hG4bK3"), FLOW)
    kept = arrive(layer, ask("MESSAGE", branch="z9hG4bK4"), OTHER_FLOW)
    layer.flow_lost(FLOW, 1)
    assert (here.told, there.told) == (["lost"], [])
    assert gone is not None
    assert kept is not None
    assert (layer.knows(gone), layer.knows(kept)) == (False, True)
    layer.receive_response(answer(ask("OPTIONS", branch="z9hG4bK1"), 200), 2)
    assert here.told == ["lost"]


@pytest.mark.parametrize("word", ["200", "timeout", "lost"])
def test_its_user_may_send_the_next_request_from_within_any_word(
    word: str, layer: Transactions
) -> None:
    first, second = User(), User()
    third = User()
    request = ask("OPTIONS", branch="z9hG4bK1")
    layer.send(request, FLOW, first, 0)
    layer.send(ask("OPTIONS", branch="z9hG4bK3"), FLOW, third, 0)
    first.then = lambda: layer.send(ask("OPTIONS", branch="z9hG4bK2"), OTHER_FLOW, second, 32)
    if word == "200":
        layer.receive_response(answer(request, 200), 5)
    elif word == "timeout":
        layer.tick(32)
    else:
        layer.flow_lost(FLOW, 32)
    assert first.told == [word]
    assert third.told == ([] if word == "200" else [word])
    layer.receive_response(answer(ask("OPTIONS", branch="z9hG4bK2"), 200), 33)
    assert second.told == ["200"]


def test_a_forgotten_transaction_tells_nobody_anything(layer: Transactions, wire: Wire) -> None:
    user = User()
    request = ask("INVITE")
    layer.send(request, FLOW, user, 0)
    layer.forget(request)
    assert layer.deadline() is None
    layer.receive_response(answer(request, 200), 1)
    layer.tick(100)
    assert user.told == []
    assert len(wire.notes) == 1


def test_the_earliest_timer_of_all_counts(layer: Transactions) -> None:
    user = User()
    layer.send(ask("OPTIONS", branch="z9hG4bK1"), FLOW, user, 5)
    layer.send(ask("INVITE", branch="z9hG4bK2"), FLOW, user, 3)
    arrive(layer, ask("MESSAGE"))
    assert layer.deadline() == 32
    layer.tick(32)
    assert layer.deadline() == 35
    layer.tick(40)
    assert user.told == ["timeout", "timeout"]
    assert layer.deadline() is None
