"""What has failed, by what the user agent tells: its events as errors with their phases."""

from typing import Final

from sipcli.core import events
from sipcli.errors import (
    ConnectError,
    MissingPassword,
    NoAnswerError,
    Phase,
    RegistrationError,
    SipcliError,
)

_PHASES: Final = {"dns": Phase.DNS, "tcp": Phase.TCP, "tls": Phase.TLS}
"""The steps of a connection by the contract's words (§4); the others are WebSocket's."""
_HINTS: Final = {
    403: "the account may not register from here",
    404: "the registrar does not know the user of uri",
    405: "this server registers nobody: see registrar_server",
    503: "the server is down or has too much to do",
}
"""What a refusal of the registrar's is likely to mean."""


def connect_error(event: events.ConnectFailed) -> ConnectError:
    """A server that could not be reached."""
    phase = _PHASES.get(event.phase, Phase.WEBSOCKET)
    return ConnectError(f"{event.server}: {event.reason}", phase)


def outage_error(event: events.Disconnected) -> ConnectError:
    """A connection that was there, and has not come back since."""
    return ConnectError(
        f"the connection to {event.server} was lost and did not come back: {event.reason}"
    )


def registration_error(event: events.RegistrationFailed) -> SipcliError:
    """A registrar that refused, or did not answer."""
    if event.status is None:
        return NoAnswerError(event.reason, Phase.REGISTRATION)
    if event.needs_password:
        return MissingPassword(event.reason)
    hint = _HINTS.get(event.status)
    return RegistrationError(event.reason if hint is None else f"{event.reason}; {hint}")
