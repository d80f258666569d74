"""How a phone stands with its server, by its events."""

from dataclasses import replace

import pytest

from sipcli.errors import MissingPassword, Phase
from sipcli.phone import events
from sipcli.phone.registration_status import RegistrationStatus

URI = "ws://a"
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
REFUSED = events.RegistrationFailed(status=403, reason="403 Forbidden", retry_in_s=60.0)


def after(*told: events.PhoneEvent, registers: bool = True) -> RegistrationStatus:
    status = RegistrationStatus(registers=registers)
    for event in told:
        status.on_event(event, 100.0)
    return status


def test_who_is_to_register_is_ready_once_registered() -> None:
    assert after(CONNECTED).ready is None
    assert after(CONNECTED, REGISTERED).ready == REGISTERED


def test_who_is_not_to_register_is_ready_once_connected() -> None:
    assert after(CONNECTED, registers=False).ready == CONNECTED


def test_a_lost_connection_is_an_outage_until_there_is_another() -> None:
    lost = after(CONNECTED, REGISTERED, LOST)
    assert (lost.ready, lost.was_ready, lost.failure) == (None, True, None)
    assert "gone" in str(lost.outage)
    assert after(CONNECTED, LOST, CONNECTED).outage is None


def test_a_connection_that_was_given_up_already_is_no_outage() -> None:
    status = after(CONNECTED, REGISTERED, replace(LOST, server="ws://b"))
    assert (status.ready, status.outage) == (REGISTERED, None)
    assert (status.is_connected, status.server) == (True, URI)


@pytest.mark.parametrize("event", [FAILED, REFUSED, replace(LOST, retry_in_s=2.0)])
def test_there_is_hope_while_there_is_another_attempt(event: events.PhoneEvent) -> None:
    assert after(CONNECTED, event).failure is None


@pytest.mark.parametrize(
    ("event", "phase"),
    [(FAILED, Phase.TCP), (LOST, Phase.WEBSOCKET), (REFUSED, Phase.REGISTRATION)],
)
def test_the_last_attempt_tells_what_has_failed(
    event: events.ConnectFailed | events.Disconnected | events.RegistrationFailed, phase: Phase
) -> None:
    failure = after(CONNECTED, replace(event, retry_in_s=None)).failure
    assert failure is not None
    assert failure.phase == phase


def test_what_ends_after_a_failure_leaves_that_the_cause() -> None:
    refused = replace(REFUSED, retry_in_s=None)
    failure = after(CONNECTED, refused, replace(LOST, retry_in_s=None)).failure
    assert failure is not None
    assert failure.phase == Phase.REGISTRATION


def test_a_password_that_is_needed_is_not_waited_for() -> None:
    failure = after(CONNECTED, replace(REFUSED, status=401, needs_password=True)).failure
    assert isinstance(failure, MissingPassword)


def test_what_repeats_is_a_refresh_or_the_same_failure_of_the_same_server() -> None:
    assert not after(CONNECTED, REGISTERED).is_repeat
    assert after(CONNECTED, REGISTERED, REGISTERED).is_repeat
    assert after(FAILED, FAILED).is_repeat
    elsewhere = replace(FAILED, server="ws://b")
    assert not after(FAILED, elsewhere).is_repeat
    assert after(FAILED, elsewhere, FAILED).is_repeat
    assert not after(FAILED, CONNECTED, LOST, FAILED).is_repeat
    assert not after(CONNECTED, REGISTERED, REFUSED, REGISTERED).is_repeat


def test_the_next_attempt_has_a_time_until_it_begins() -> None:
    assert after(FAILED).retry_at == 106.0
    assert after(replace(FAILED, retry_in_s=None)).retry_at is None
    assert after(FAILED, events.Connecting(server=URI)).retry_at is None
    assert after(CONNECTED, REGISTERED).expires_at == 700.0
    assert after(CONNECTED, REGISTERED, LOST).expires_at is None
