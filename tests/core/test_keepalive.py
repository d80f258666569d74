"""CRLF keep-alives: always answered, sent where the registrar wants them (RFC 5626 §4.4.1)."""

import pytest

from sipcli.core import events
from tests.core.factories import ALPHA, BETA, accept, settings
from tests.core.wire import Wire

PING, PONG = b"\r\n\r\n", b"\r\n"


def registered(flow_timer: str | None, *, draw: float = 0.5) -> Wire:
    wire = Wire(settings(ws_servers=(ALPHA, BETA)), draw=lambda: draw)
    wire.start()
    fields = [] if flow_timer is None else [("Flow-Timer", flow_timer)]
    wire.receive(accept(wire.last(), 86400, *fields))
    wire.sent.clear()
    return wire


def sent(wire: Wire) -> list[bytes]:
    return [data for _, data in wire.sent]


def test_a_ping_is_answered_with_a_pong_at_once() -> None:
    wire = registered(None)
    wire.receive(PING)
    assert sent(wire) == [PONG]


def test_a_pong_that_nobody_asked_for_changes_nothing() -> None:
    wire = registered(None)
    wire.receive(PONG)
    assert wire.sent == []
    assert wire.notes == []


def test_without_flow_timer_none_are_sent() -> None:
    wire = registered(None)
    wire.advance(3600)
    assert wire.sent == []


@pytest.mark.parametrize(("draw", "at"), [(0.0, 96), (0.5, 108), (0.999, 119.9)])
def test_pings_come_after_80_to_100_percent_of_flow_timer(draw: float, at: float) -> None:
    wire = registered("120", draw=draw)
    wire.advance(at - 0.2)
    assert wire.sent == []
    wire.advance(0.3)
    assert sent(wire) == [PING]


def test_each_pong_starts_the_time_anew() -> None:
    wire = registered("120")
    for _ in range(3):
        wire.advance(108)
        wire.receive(PONG)
    assert sent(wire) == [PING] * 3
    assert wire.closed == []


@pytest.mark.parametrize("flow_timer", ["0", "1"])
def test_no_registrar_can_make_us_ping_in_a_frenzy(flow_timer: str) -> None:
    wire = registered(flow_timer)
    wire.advance(4.9)
    assert wire.sent == []


def test_a_pong_that_comes_no_more_means_that_the_connection_is_dead() -> None:
    wire = registered("120")
    flow = wire.agent.flow
    wire.advance(108)
    wire.receive(PONG)
    wire.advance(108 + 9.9)
    assert wire.closed == []
    wire.advance(0.2)
    assert wire.closed == [flow]
    assert wire.dialled[-1].server == BETA
    assert "keep-alive" in wire.told(events.Disconnected)[0].reason
    assert wire.agent.is_registered  # the binding outlives the connection


def test_a_registrar_that_never_answers_is_alive_with_one_warning() -> None:
    wire = registered("120")
    wire.advance(108 + 9.9)
    assert wire.told(events.Warned) == []
    wire.advance(0.2)
    (warning,) = wire.told(events.Warned)
    assert "keep-alive" in warning.text
    wire.advance(3600)
    assert wire.closed == []
    assert wire.told(events.Disconnected) == []
    assert wire.told(events.Warned) == [warning]
    assert 30 <= sent(wire).count(PING) <= 36  # it has asked for them, and gets them


def test_the_warning_does_not_come_again_on_the_next_connection() -> None:
    wire = registered("120")
    wire.advance(200)
    wire.lose()
    wire.open()
    wire.receive(accept(wire.last(), 86400, ("Flow-Timer", "120")))
    wire.advance(400)
    assert len(wire.told(events.Warned)) == 1
    assert wire.closed == []


def test_what_has_answered_before_a_refresh_is_held_to_it_after() -> None:
    wire = registered("120")
    wire.advance(108)
    wire.receive(PONG)
    wire.step(wire.agent.registered, 120)
    wire.advance(108 + 10.1)
    assert len(wire.closed) == 1


def test_a_registrar_that_begins_to_answer_late_is_held_to_it_from_then_on() -> None:
    wire = registered("120")
    wire.advance(500)
    wire.receive(PONG)
    assert wire.closed == []
    wire.advance(250)
    assert len(wire.closed) == 1


def test_a_pong_from_before_the_connection_counts_for_nothing() -> None:
    wire = registered("120")
    wire.advance(108)
    wire.receive(PONG)
    wire.lose()
    wire.open()
    wire.receive(accept(wire.last(), 86400, ("Flow-Timer", "120")))
    wire.advance(400)
    assert wire.closed == []


def test_a_new_connection_sends_none_until_it_is_told_to() -> None:
    wire = registered("120")
    wire.lose()
    wire.open()
    wire.sent.clear()
    wire.advance(30)
    assert PING not in sent(wire)
