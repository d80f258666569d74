"""Which server, and when again: `Connector`, `Servers`, `retry_delay`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.config.server_settings import WsServer
from sipcli.core import events
from sipcli.core.agent_actions import Action, Close, Open
from sipcli.core.connection.backoff import retry_delay
from sipcli.core.connection.connector import Connector, ConnectorState
from sipcli.core.connection.flow import Flow
from sipcli.errors import Phase
from tests.core.factories import ALPHA, BETA, accept, half, settings
from tests.core.wire import Wire

GAMMA = WsServer("wss://gamma.example.com", 1)


def connector(
    *servers: WsServer, retry_forever: bool = True, registers: bool = True, draw: float = 0.5
) -> Connector:
    return Connector(servers, 2, 30, lambda: draw, retry_forever=retry_forever, registers=registers)


def opened(effects: list[Action | events.Event]) -> list[Flow]:
    return [effect.flow for effect in effects if isinstance(effect, Open)]


def waits(effects: list[Action | events.Event]) -> list[float | None]:
    kinds = events.ConnectFailed | events.Disconnected
    return [effect.retry_in_s for effect in effects if isinstance(effect, kinds)]


@given(st.integers(1, 500), st.floats(0, 1, exclude_max=True))
def test_no_wait_ever_leaves_its_bounds(failures: int, draw: float) -> None:
    assert 2 <= retry_delay(failures, 2, 30, lambda: draw) <= 30


def test_waits_grow_with_the_failures_and_the_first_is_the_shortest() -> None:
    delays = [retry_delay(failures, 2, 30, half) for failures in range(1, 7)]
    assert delays == sorted(delays)
    assert delays[0] == 2
    assert delays[-1] == 22.5


def test_the_heaviest_server_comes_first_and_the_next_at_once() -> None:
    machine = connector(BETA, ALPHA)
    (first,) = opened(machine.start(0))
    assert first.server == ALPHA
    effects = machine.failed(first, Phase.TCP, "refused", 1)
    (second,) = opened(effects)
    assert second.server == BETA
    assert waits(effects) == [0.0]


@pytest.mark.parametrize(("draw", "server"), [(0.0, BETA), (0.49, BETA), (0.5, GAMMA)])
def test_among_equals_the_draw_decides(draw: float, server: WsServer) -> None:
    (flow,) = opened(connector(BETA, GAMMA, draw=draw).start(0))
    assert flow.server == server


def test_after_the_last_a_new_round_begins_with_the_heaviest() -> None:
    machine = connector(ALPHA, BETA)
    (flow,) = opened(machine.start(0))
    (flow,) = opened(machine.failed(flow, Phase.TCP, "refused", 1))
    effects = machine.failed(flow, Phase.TCP, "refused", 2)
    assert opened(effects) == []
    assert waits(effects) == [2.0]
    assert machine.deadline(quiet=True) == 4
    (flow,) = opened(machine.tick(4, quiet=True))
    assert flow.server == ALPHA


def test_an_impatient_one_ends_with_its_first_round() -> None:
    machine = connector(ALPHA, retry_forever=False)
    (flow,) = opened(machine.start(0))
    assert waits(machine.failed(flow, Phase.DNS, "no such host", 1)) == [None]
    assert machine.deadline(quiet=True) is None


def test_an_open_socket_alone_does_not_make_the_waits_short_again() -> None:
    machine = connector(ALPHA)
    (flow,) = opened(machine.start(0))
    now, seen = 0.0, []
    for _ in range(5):
        machine.opened(flow, now, quiet=True)
        effects = machine.lost(flow, 1006, "gone", now)
        seen += waits(effects)
        now = machine.deadline(quiet=True) or now
        (flow,) = opened(machine.tick(now, quiet=True))
    assert [wait for wait in seen if wait is not None] == [2.0, 3.0, 6.0, 12.0, 22.5]
    machine.opened(flow, now, quiet=True)
    machine.proved()
    assert waits(machine.lost(flow, 1006, "gone", now)) == [2.0]


def test_where_nothing_registers_a_connection_that_lasts_is_proof() -> None:
    machine = connector(ALPHA, registers=False)
    (flow,) = opened(machine.start(0))
    machine.opened(flow, 0, quiet=True)
    machine.lost(flow, None, "gone", 1)
    (flow,) = opened(machine.tick(3, quiet=True))
    machine.opened(flow, 3, quiet=True)
    machine.tick(33, quiet=True)
    assert waits(machine.lost(flow, None, "gone", 34)) == [2.0]


def test_looking_for_a_heavier_server_does_not_put_the_proof_off() -> None:
    machine = Connector((ALPHA, BETA), 2, 10, half, retry_forever=True, registers=False)
    (alpha,) = opened(machine.start(0))
    (beta,) = opened(machine.failed(alpha, Phase.TCP, "refused", 0))
    machine.opened(beta, 0, quiet=True)
    for now in (10, 20, 30):
        (probe,) = opened(machine.tick(now, quiet=True))
        machine.failed(probe, Phase.TCP, "refused", now)
    assert machine.proof_timer.at is None


def test_a_heavier_server_is_returned_to_when_it_is_back_and_all_is_quiet() -> None:
    machine = connector(ALPHA, BETA)
    (alpha,) = opened(machine.start(0))
    (beta,) = opened(machine.failed(alpha, Phase.TCP, "refused", 0))
    machine.opened(beta, 1, quiet=True)
    assert machine.tick(31, quiet=False) == []
    (probe,) = opened(machine.tick(32, quiet=True))
    assert probe.server == ALPHA
    assert machine.flow == beta
    assert machine.failed(probe, Phase.TCP, "refused", 33) == []  # nobody need know
    (probe,) = opened(machine.tick(63, quiet=True))
    effects = machine.opened(probe, 64, quiet=True)
    assert [e.flow for e in effects if isinstance(e, Close)] == [beta]
    assert machine.flow == probe
    assert machine.state is ConnectorState.OPEN
    assert machine.deadline(quiet=True) is None


def test_late_reports_of_flows_that_are_no_more_change_nothing() -> None:
    machine = connector(ALPHA, BETA)
    (alpha,) = opened(machine.start(0))
    (beta,) = opened(machine.failed(alpha, Phase.TCP, "refused", 0))
    assert machine.failed(alpha, Phase.TCP, "refused", 1) == []
    assert machine.lost(alpha, 1006, "gone", 1) == []
    assert machine.opened(alpha, 1, quiet=True) == [Close(alpha, "not wanted any more")]
    assert machine.flow == beta
    machine.stop()
    assert machine.opened(beta, 2, quiet=True) == [Close(beta, "not wanted any more")]


@pytest.mark.parametrize("steps", range(4))
def test_stop_ends_it_in_every_state(steps: int) -> None:
    machine = connector(ALPHA)
    if steps > 0:
        machine.start(0)
    if steps > 1 and machine.flow is not None:
        machine.opened(machine.flow, 0, quiet=True)
    if steps > 2 and machine.flow is not None:
        machine.lost(machine.flow, None, "gone", 0)
    machine.stop()
    assert machine.state is ConnectorState.IDLE
    assert machine.deadline(quiet=True) is None


def test_a_move_to_a_heavier_server_registers_there_before_the_old_one_closes() -> None:
    wire = Wire(settings(ws_servers=(ALPHA, BETA)))
    wire.step(wire.agent.start)
    wire.fail()
    beta = wire.open()
    wire.receive(accept(wire.last()))
    wire.advance(31)
    alpha = wire.open()
    assert alpha.server == ALPHA
    assert wire.sent[-1][0] == alpha
    assert wire.closed == [beta]
    wire.receive(accept(wire.last()))
    assert wire.agent.is_registered
    assert wire.agent.flow == alpha


def test_a_network_that_changed_ends_the_wait_and_its_growth() -> None:
    machine = connector(ALPHA)
    (flow,) = opened(machine.start(0))
    for at in range(5):
        machine.failed(flow, Phase.TCP, "unreachable", at * 100)
        (flow,) = opened(machine.tick(at * 100 + 99, quiet=True))
    machine.failed(flow, Phase.TCP, "unreachable", 600)
    assert machine.state is ConnectorState.WAITING
    (flow,) = opened(machine.dial_now(601))
    assert waits(machine.failed(flow, Phase.TCP, "refused", 602)) == [2]


def test_a_network_that_changed_begins_a_dial_anew() -> None:
    """The packets of the one before may have gone where there is no answer."""
    machine = connector(ALPHA, BETA)
    (first,) = opened(machine.start(0))
    (second,) = opened(machine.failed(first, Phase.TCP, "unreachable", 1))
    closing, *_, opening = machine.dial_now(2)
    assert isinstance(closing, Close)
    assert closing.flow == second
    assert isinstance(opening, Open)
    assert opening.flow.server == ALPHA
    assert machine.failed(second, Phase.TCP, "late", 3) == []


def test_a_network_that_changed_leaves_an_open_connection_alone() -> None:
    machine = connector(ALPHA)
    assert machine.dial_now(0) == []
    (flow,) = opened(machine.start(0))
    machine.opened(flow, 1, quiet=True)
    assert machine.dial_now(2) == []


def test_a_call_that_needs_the_connection_back_keeps_waits_short() -> None:
    machine = Connector(
        (ALPHA,), 2, 30, lambda: 0.9, retry_forever=True, registers=True, is_urgent=lambda: True
    )
    (flow,) = opened(machine.start(0))
    for at in range(0, 100, 10):
        (wait,) = waits(machine.failed(flow, Phase.TCP, "unreachable", at))
        assert wait is not None
        assert 2 <= wait <= 3
        (flow,) = opened(machine.tick(at + 3, quiet=True))
