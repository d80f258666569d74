"""What a person reads: a line for each event, and the line at the foot of the screen."""

from typing import Any, Literal

import pytest

from sipcli.cli.output.status_line import clock, registration_line
from sipcli.cli.output.wording import bindings, next_try, wording
from sipcli.errors import Phase
from sipcli.phone import events
from sipcli.phone.registration_status import RegistrationStatus

SERVER = "wss://edge.example.com"


def registered(**changes: Any) -> events.Registered:
    usual: dict[str, Any] = {
        "uri": "sip:alice@example.com",
        "registrar": "sip:example.com",
        "expires_s": 600,
        "contact": "sip:x@y.invalid",
        "bindings": (),
        "pub_gruu": None,
        "temp_gruu": None,
        "elapsed_ms": 42,
    }
    return events.Registered(**usual | changes)


def refused(wait: float | None) -> events.RegistrationFailed:
    return events.RegistrationFailed(status=403, reason="403 No", retry_in_s=wait)


def failed(wait: float | None) -> events.ConnectFailed:
    return events.ConnectFailed(server=SERVER, phase=Phase.TCP, reason="refused", retry_in_s=wait)


def lost(wait: float | None, server: str = SERVER, code: int | None = 1006) -> events.Disconnected:
    return events.Disconnected(server=server, code=code, reason="gone", retry_in_s=wait)


def message(direction: Literal["sent", "received"], status: int | None) -> events.InstantMessage:
    return events.InstantMessage(
        direction=direction, sender="sip:bob@x", to="sip:carol@x", text="hi\nyou", status=status
    )


CONNECTED = events.Connected(server=SERVER, elapsed_ms=12.4)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.Connecting(server=SERVER), f"… connecting to {SERVER}"),
        (CONNECTED, f"✓ connected to {SERVER} in 12 ms"),
        (failed(None), f"✗ {SERVER}: TCP: refused"),
        (failed(0.0), f"✗ {SERVER}: TCP: refused; trying the next server"),
        (failed(2.4999), f"✗ {SERVER}: TCP: refused; next try in 2.5 s"),
        (lost(2.0), f"✗ {SERVER}: gone (1006); next try in 2 s"),
        (lost(None, code=None), f"✗ {SERVER}: gone"),
        (
            registered(),
            "✓ registered sip:alice@example.com at sip:example.com for 600 s (42 ms)",
        ),
        (refused(60.0), "✗ registration: 403 No; next try in 60 s"),
        (refused(None), "✗ registration: 403 No"),
        (events.Unregistered(), "• unregistered"),
        (message("sent", 200), "✓ message to sip:carol@x: 200"),
        (message("sent", 404), "✗ message to sip:carol@x: 404"),
        (message("sent", None), "✗ message to sip:carol@x: no answer, it may have arrived"),
        (events.Pong(target="sip:b@x", status=200, rtt_ms=1.4999), "✓ sip:b@x: 200 in 1.5 ms"),
        (events.Pong(target="sip:b@x", status=404, rtt_ms=2.0), "✗ sip:b@x: 404 in 2 ms"),
        (events.Pong(target="sip:b@x", status=401, rtt_ms=None), "✗ sip:b@x: 401"),
        (events.Pong(target="sip:b@x", status=None, rtt_ms=None), "✗ sip:b@x: no answer"),
        (events.Warned(text="mind this"), "! mind this"),
    ],
)
def test_the_line_of_an_event(event: events.PhoneEvent, line: str) -> None:
    found = wording(event)
    assert found is not None
    assert f"{found.mark} {found.text}" == line


def test_a_received_message_shows_who_and_what_and_nothing_that_a_terminal_obeys() -> None:
    line = wording(message("received", 200))
    assert line is not None
    assert (line.mark, line.style) == ("✉", "bold")
    assert line.text.startswith("sip:bob@x: hi")
    evil = events.InstantMessage(
        direction="received", sender="sip:\x9b@x", to="", text="\x1b[2J\u202e\udcff", status=200
    )
    shown = wording(evil)
    assert shown is not None
    assert shown.text == "sip:\\x9b@x: \\x1b[2J\\u202e\\xff"


def test_our_own_binding_is_marked() -> None:
    event = registered(
        bindings=(
            events.Binding(contact="sip:a@x", expires_s=10, ours=True),
            events.Binding(contact="sip:\x1b@x", expires_s=None, ours=False),
        )
    )
    assert bindings(event) == ["  * sip:a@x  10 s", "    sip:\\x1b@x"]


def test_no_next_try_needs_no_words() -> None:
    assert next_try(None) == ""


def at(now: float, *happened: events.PhoneEvent, registers: bool = True) -> str:
    """The status line at `now`, after what happened at 100 s."""
    status = RegistrationStatus(registers=registers)
    for event in happened:
        status.on_event(event, 100)
    return registration_line(status, now)


def test_the_status_line_says_how_things_stand() -> None:
    assert at(100) == "◌ starting"
    assert at(100, events.Connecting(server=SERVER)) == f"◌ connecting to {SERVER}"
    assert at(100, CONNECTED) == f"◌ registering through {SERVER}"
    assert at(100, CONNECTED, registers=False) == f"● connected to {SERVER}"
    assert at(160, CONNECTED, registered()) == (
        f"● registered · renewal due within 9:00 · sip:alice@example.com through {SERVER}"
    )
    assert at(100, CONNECTED, registered(), events.Unregistered()) == "○ not registered"


def test_it_counts_down_to_the_next_try_and_not_below_zero() -> None:
    assert at(100, failed(5.0)) == "○ not connected · next try in 0:05"
    assert at(103.4, CONNECTED, lost(5.0)) == "○ not connected · next try in 0:02"
    assert at(200, CONNECTED, refused(60.0)) == "○ not registered · next try in 0:00"
    assert at(200, failed(None)) == "○ not connected"


def test_the_end_of_a_connection_that_was_left_is_no_news() -> None:
    shown = at(100, CONNECTED, registered(), lost(None, server="wss://old.example.com"))
    assert shown.startswith("● registered")


def test_what_has_no_place_on_the_line_changes_nothing() -> None:
    before = at(100, CONNECTED)
    assert at(100, CONNECTED, message("received", 200), events.Warned(text="x")) == before


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
