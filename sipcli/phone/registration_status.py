"""The registration status of a phone, built from the events of its user agent."""

from sipcli.core import events
from sipcli.errors import ConnectError, SipcliError
from sipcli.phone.error_mapping import connect_error, outage_error, registration_error


class RegistrationStatus:
    """The status so far; pass every event of the user agent to `on_event`."""

    def __init__(self, *, registers: bool) -> None:
        self.ready: events.Connected | events.Registered | None = None
        """The event that made it ready: registered or, if it does not register, connected."""
        self.was_ready = False
        """True if it is ready, or was at any time before."""
        self.failure: SipcliError | None = None
        """Why there is no further attempt, or a password is needed; None while it still tries."""
        self.outage: ConnectError | None = None
        """Why the connection was lost; None with a connection, or before the first."""
        self._registers = registers
        self._server = ""

    def on_event(self, event: events.Event) -> None:
        """Handle an event."""
        match event:
            case events.Registered():
                self.ready = event
            case events.Connected():
                self._server = event.server
                self.outage = None
                if not self._registers:
                    self.ready = event
            case events.Disconnected() if event.server == self._server:
                self.ready = None
                self.outage = outage_error(event)
                if event.retry_in_s is None and self.failure is None:
                    self.failure = ConnectError(f"{event.server}: {event.reason}")
            case events.ConnectFailed(retry_in_s=None):
                self.failure = connect_error(event)
            case events.RegistrationFailed() if event.retry_in_s is None or event.needs_password:
                self.failure = registration_error(event)
        self.was_ready = self.was_ready or self.ready is not None
