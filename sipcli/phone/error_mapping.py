"""Maps failure events of a phone to errors with a phase."""

from typing import Final

from sipcli.errors import (
    ConnectError,
    MissingPassword,
    NoAnswerError,
    Phase,
    RegistrationError,
    SipcliError,
)
from sipcli.phone import events

_HINTS: Final = {
    403: "the account may not register from here",
    404: "the registrar does not know the user of uri",
    405: "this server accepts no registrations: see registrar_server",
    503: "the server is down or overloaded",
}
"""Status of a refused registration -> its likely meaning."""


def connect_error(event: events.ConnectFailed) -> ConnectError:
    """Return the error for a server that could not be reached."""
    return ConnectError(f"{event.server}: {event.reason}", event.phase.whole)


def outage_error(event: events.Disconnected) -> ConnectError:
    """Return the error for a connection that was lost and has not come back."""
    return ConnectError(
        f"the connection to {event.server} was lost and did not come back: {event.reason}"
    )


def registration_error(event: events.RegistrationFailed) -> SipcliError:
    """Return the error for a registrar that refused or did not answer."""
    if event.status is None:
        return NoAnswerError(event.reason, Phase.REGISTRATION)
    if event.needs_password:
        return MissingPassword(event.reason)
    hint = _HINTS.get(event.status)
    return RegistrationError(event.reason if hint is None else f"{event.reason}; {hint}")
