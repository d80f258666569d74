"""The state of a phone's connection and registration, of which every view is a function."""

from enum import Enum, auto

from sipcli.errors import ConnectError, SipcliError
from sipcli.phone import events
from sipcli.phone.errors import connect_error, outage_error, registration_error


class Step(Enum):
    """How far a phone has got."""

    STARTING = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    """And registering, if it registers at all."""
    REGISTERED = auto()
    NOT_CONNECTED = auto()
    """The last attempt failed, or the connection was lost."""
    REFUSED = auto()
    """The last REGISTER failed."""
    UNREGISTERED = auto()
    """The binding is gone."""


class RegistrationStatus:
    """The state so far; pass every event of the phone to `on_event`, once.

    Times are in seconds on one monotonic clock, that of the caller.
    """

    def __init__(self, *, registers: bool) -> None:
        self.registers = registers
        """False: it only connects."""
        self.step = Step.STARTING
        self.is_ending = False
        """True once the phone unregisters and disconnects for good; its owner sets it."""
        self.server: str | None = None
        """The server that it is connected to or is connecting to; None while it waits."""
        self.registered: events.Registered | None = None
        """The last 2xx to a REGISTER; None if there was none."""
        self.refused: events.RegistrationFailed | None = None
        """The last failure of a REGISTER; None if there was none."""
        self.attempts = 0
        """The attempts to connect or to register that have failed in a row."""
        self.retry_at: float | None = None
        """The time of the next attempt; None if none is planned."""
        self.expires_at: float | None = None
        """The time at which the binding expires, unless it is refreshed; None without one."""
        self.is_repeat = False
        """True if the last event only repeats what was known: a refresh of the registration, or
        the same failure at the same server."""
        self.ready: events.Connected | events.Registered | None = None
        """The event that made it ready: registered or, if it does not register, connected."""
        self.was_ready = False
        """True if it is ready, or was at any time before."""
        self.failure: SipcliError | None = None
        """Why there is no further attempt, or a password is needed; None while it still tries."""
        self.outage: ConnectError | None = None
        """Why the connection was lost; None with a connection, or before the first."""
        self._last_failures: dict[str | None, object] = {}
        """The last failure of each server; that of the registration under None."""

    @property
    def is_connected(self) -> bool:
        """True if there is a connection, registered or not."""
        return self.step not in (Step.STARTING, Step.CONNECTING, Step.NOT_CONNECTED)

    def on_event(self, event: events.PhoneEvent, now: float) -> None:
        """Handle an event that happens at `now`."""
        self.is_repeat = False
        match event:
            case events.Connecting():
                self._enter(Step.CONNECTING)
                self.server = event.server
            case events.Connected():
                self._connected(event)
            case events.ConnectFailed():
                self._connect_failed(event, now)
            case events.Disconnected() if self.is_connected and event.server == self.server:
                self._disconnected(event, now)
            case events.Registered():
                self._registered(event, now)
            case events.RegistrationFailed():
                self._refused(event, now)
            case events.Unregistered() if self.is_connected and self.retry_at is None:
                self._enter(Step.UNREGISTERED)
            case _:
                pass
        self.was_ready = self.was_ready or self.ready is not None

    def _enter(self, step: Step, retry_at: float | None = None) -> None:
        self.step, self.retry_at, self.expires_at = step, retry_at, None

    def _connected(self, event: events.Connected) -> None:
        self._enter(Step.CONNECTED)
        self.server, self.outage, self.attempts = event.server, None, 0
        self._last_failures.clear()
        if not self.registers:
            self.ready = event

    def _connect_failed(self, event: events.ConnectFailed, now: float) -> None:
        self._enter(Step.NOT_CONNECTED, _after(now, event.retry_in_s))
        self.server = None
        self.attempts += 1
        self.is_repeat = self._is_known(event.server, (event.phase, event.reason))
        if event.retry_in_s is None:
            self.failure = connect_error(event)

    def _disconnected(self, event: events.Disconnected, now: float) -> None:
        self._enter(Step.NOT_CONNECTED, _after(now, event.retry_in_s))
        self.server, self.ready, self.attempts = None, None, 0
        self.outage = outage_error(event)
        if event.retry_in_s is None and self.failure is None:
            self.failure = ConnectError(f"{event.server}: {event.reason}")

    def _registered(self, event: events.Registered, now: float) -> None:
        self.is_repeat = self.step is Step.REGISTERED
        self._enter(Step.REGISTERED)
        self.expires_at = now + event.expires_s
        self.ready = self.registered = event
        self.attempts = 0
        self._last_failures.clear()

    def _refused(self, event: events.RegistrationFailed, now: float) -> None:
        self._enter(Step.REFUSED, _after(now, event.retry_in_s))
        self.refused = event
        self.attempts += 1
        self.is_repeat = self._is_known(None, (event.status, event.reason))
        if event.retry_in_s is None or event.needs_password:
            self.failure = registration_error(event)

    def _is_known(self, server: str | None, failure: object) -> bool:
        """Return True if `failure` is the last one of `server`; remember it as that."""
        before = self._last_failures.get(server)
        self._last_failures[server] = failure
        return before == failure


def _after(now: float, wait: float | None) -> float | None:
    return None if wait is None else now + wait
