"""CRLF keep-alives: always answered, sent where the registrar wants them (RFC 5626 §4.4.1)."""

import pytest

from sipcli.core import events
from tests.core.factories import ALPHA, BETA, settings
from tests.core.registrar import accept
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


def test_a_missing_pong_means_that_the_connection_is_dead() -> None:
    wire = registered("120")
    flow = wire.agent.flow
    wire.advance(108 + 9.9)
    assert wire.closed == []
    wire.advance(0.2)
    assert wire.closed == [flow]
    assert wire.dialled[-1].server == BETA
    assert "keep-alive" in wire.told(events.Disconnected)[0].reason
    assert wire.agent.is_registered  # the binding outlives the connection


def test_a_new_connection_sends_none_until_it_is_told_to() -> None:
    wire = registered("120")
    wire.lose()
    wire.open()
    wire.sent.clear()
    wire.advance(30)
    assert PING not in sent(wire)
