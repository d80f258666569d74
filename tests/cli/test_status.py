"""The last line when things go wrong for long."""

import pytest

from sipcli.cli.output.status_line import registration_line
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


def line(*told: events.PhoneEvent) -> str:
    """The line after all of `told`."""
    status = RegistrationStatus(registers=True)
    for event in told:
        status.on_event(event, 100.0)
    return registration_line(status, 100.0)


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
    assert line(*told) == wanted


@pytest.mark.parametrize("waiting", [LOST, FAILED])
def test_a_binding_that_runs_out_meanwhile_does_not_hide_the_countdown(
    waiting: events.PhoneEvent,
) -> None:
    assert "next try in" in line(CONNECTED, REGISTERED, LOST, waiting, UNREGISTERED)
    again = line(CONNECTED, REGISTERED, LOST, waiting, CONNECTING, UNREGISTERED)
    assert again == "◌ connecting to ws://a"


def test_nor_one_that_runs_out_between_refused_refreshes() -> None:
    assert "next try in" in line(CONNECTED, REGISTERED, REFUSED, UNREGISTERED)
