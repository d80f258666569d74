"""Returning to a heavier server: only between calls, and nothing is lost on the way."""

from sipcli.core import events
from sipcli.sip.uri import SipUri
from tests.core.factories import ALPHA, BETA, accept, settings
from tests.core.wire import Wire

BOB = SipUri.parse("sip:bob@example.com")


def on_the_lighter(expires: int = 600) -> Wire:
    """A phone that is registered through beta and has just begun to try alpha again."""
    wire = Wire(settings(ws_servers=(ALPHA, BETA)))
    wire.step(wire.agent.start)
    wire.fail()
    wire.open()
    wire.receive(accept(wire.last(), expires))
    wire.advance(30)
    assert [flow.server for flow in wire.dialled] == [ALPHA, BETA, ALPHA]
    return wire


def test_a_request_sent_while_the_heavier_server_was_dialled_is_not_lost_by_the_move() -> None:
    wire = on_the_lighter()
    outcomes: list[object] = []
    beta = wire.agent.flow
    wire.step(wire.agent.ping, BOB, outcomes.append)
    alpha = wire.open()
    assert outcomes == []
    assert wire.agent.flow == beta
    assert wire.closed == [alpha]


def test_the_move_that_came_at_a_bad_moment_is_made_later() -> None:
    wire = on_the_lighter()
    wire.step(wire.agent.ping, BOB, lambda _: None)
    wire.open()
    wire.advance(33)  # the ping has timed out
    assert wire.dialled[-1].server == ALPHA
    assert len(wire.dialled) == 4
    alpha = wire.open()
    assert wire.agent.flow == alpha


def test_a_refresh_in_the_air_when_the_heavier_server_answers_keeps_us_registered() -> None:
    wire = on_the_lighter(expires=64)
    wire.advance(3)
    refresh = wire.last()
    assert len(wire.requests()) == 2
    wire.open()
    wire.receive(accept(refresh, 64))
    wire.advance(60)
    assert len(wire.requests("REGISTER")) > 2, "no further REGISTER: it was forgotten"
    assert wire.told(events.Unregistered) == []


def test_stopping_calls_off_the_attempt_and_unregisters_where_the_binding_is() -> None:
    wire = on_the_lighter()
    beta = wire.agent.flow
    wire.step(wire.agent.stop)
    wire.open()
    assert wire.agent.flow == beta
    wire.receive(accept(wire.last(), None))
    assert wire.agent.is_stopped
    assert wire.told(events.Warned) == []
    assert set(wire.closed) == set(wire.dialled[1:])
