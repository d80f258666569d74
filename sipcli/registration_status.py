"""How a phone stands with its server: what the user agent's events so far add up to."""

from sipcli.core import events
from sipcli.error_mapping import connect_error, outage_error, registration_error
from sipcli.errors import ConnectError, SipcliError


class RegistrationStatus:
    """Give it every event of the user agent's."""

    def __init__(self, *, registers: bool) -> None:
        self.ready: events.Connected | events.Registered | None = None
        """How it was registered (or connected, where it is not to register); None if it is not."""
        self.was_ready = False
        """Whether it was at any time so far."""
        self.failure: SipcliError | None = None
        """Why there is no further attempt, or a password is needed; None while there is hope."""
        self.outage: ConnectError | None = None
        """Why there is no connection now, where there was one; None with one, or before."""
        self._registers = registers
        self._server = ""

    def on_event(self, event: events.Event) -> None:
        """Take an event."""
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
