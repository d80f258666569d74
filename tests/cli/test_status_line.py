"""The line at the foot of the screen: how the connection and the registration stand."""

from dataclasses import replace

import pytest

from sipcli.cli.output.status_line import clock, registration_line
from sipcli.errors import Phase
from sipcli.phone import events
from sipcli.phone.registration_status import RegistrationStatus

URI = "ws://a"
CONNECTING = events.Connecting(server=URI)
CONNECTED = events.Connected(server=URI, elapsed_ms=1)
REGISTERED = events.Registered(
    uri="sip:alice@example.org",
    registrar="sip:example.org",
    expires_s=600,
    contact="sip:x@y.invalid",
    bindings=(),
    pub_gruu=None,
    temp_gruu=None,
    elapsed_ms=1,
)
LOST = events.Disconnected(server=URI, code=1006, reason="gone", retry_in_s=2.0)
FAILED = events.ConnectFailed(server=URI, phase=Phase.TCP, reason="refused", retry_in_s=6.0)
REFUSED = events.RegistrationFailed(status=403, reason="403", retry_in_s=60.0)
UNREGISTERED = events.Unregistered()
MESSAGE = events.InstantMessage(
    direction="received", sender="sip:bob@x", to="sip:carol@x", text="hi", status=None
)


def at(now: float, *happened: events.PhoneEvent, registers: bool = True) -> str:
    """The status line at `now`, after what happened at 100 s."""
    status = RegistrationStatus(registers=registers)
    for event in happened:
        status.on_event(event, 100)
    return registration_line(status, now)


def test_the_status_line_says_how_things_stand() -> None:
    assert at(100) == "◌ starting"
    assert at(100, CONNECTING) == f"◌ connecting to {URI}"
    assert at(100, CONNECTED) == f"◌ registering through {URI}"
    assert at(100, CONNECTED, registers=False) == f"● connected to {URI}"
    assert at(160, CONNECTED, REGISTERED) == (
        f"● registered · renewal due within 9:00 · sip:alice@example.org through {URI}"
    )
    assert at(100, CONNECTED, REGISTERED, UNREGISTERED) == "○ not registered"


def test_it_counts_down_to_the_next_try_and_not_below_zero() -> None:
    assert at(100, replace(FAILED, retry_in_s=5.0)) == "○ not connected · next try in 0:05"
    assert at(100.4, CONNECTED, LOST) == "○ not connected · next try in 0:02"
    assert at(103.4, CONNECTED, LOST) == "○ not connected · next try in 0:00"
    assert at(200, CONNECTED, REFUSED) == "○ not registered · next try in 0:00"
    assert at(200, replace(FAILED, retry_in_s=None)) == "○ not connected"


def test_the_end_of_a_connection_that_was_left_is_no_news() -> None:
    shown = at(100, CONNECTED, REGISTERED, replace(LOST, server="wss://old.example.com"))
    assert shown.startswith("● registered")


def test_what_has_no_place_on_the_line_changes_nothing() -> None:
    before = at(100, CONNECTED)
    assert at(100, CONNECTED, MESSAGE, events.Warned(text="x")) == before


@pytest.mark.parametrize(("registers", "line"), [(True, "◌ unregistering"), (False, "◌ closing")])
def test_leaving_is_said(registers: bool, line: str) -> None:
    status = RegistrationStatus(registers=registers)
    status.on_event(CONNECTED, 0)
    status.is_ending = True
    assert registration_line(status, 0) == line


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (-3, "0:00"), (59.4, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00")],
)
def test_a_duration_is_written_as_a_clock_would(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


ONE_FAILURE: list[events.PhoneEvent] = [CONNECTED, LOST, FAILED]


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (ONE_FAILURE, "○ not connected · next try in 0:06"),
        ([FAILED] * 4, "○ not connected, 4 tries failed · next try in 0:06"),
        ([FAILED, FAILED, *ONE_FAILURE], "○ not connected · next try in 0:06"),
        ([CONNECTED, REFUSED, REFUSED, LOST], "○ not connected · next try in 0:02"),
        ([CONNECTED, REFUSED], "○ not registered · next try in 1:00"),
        ([CONNECTED, REFUSED, REFUSED], "○ not registered, 2 tries failed · next try in 1:00"),
        ([CONNECTED, REFUSED, REGISTERED, REFUSED], "○ not registered · next try in 1:00"),
    ],
)
def test_failures_in_a_row_are_counted(told: list[events.PhoneEvent], wanted: str) -> None:
    assert at(100, *told) == wanted


@pytest.mark.parametrize("waiting", [LOST, FAILED])
def test_a_binding_that_runs_out_meanwhile_does_not_hide_the_countdown(
    waiting: events.PhoneEvent,
) -> None:
    assert "next try in" in at(100, CONNECTED, REGISTERED, LOST, waiting, UNREGISTERED)
    again = at(100, CONNECTED, REGISTERED, LOST, waiting, CONNECTING, UNREGISTERED)
    assert again == "◌ connecting to ws://a"


def test_nor_one_that_runs_out_between_refused_refreshes() -> None:
    assert "next try in" in at(100, CONNECTED, REGISTERED, REFUSED, UNREGISTERED)
