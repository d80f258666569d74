"""Which events of the phone a person wants a line for."""

from sipcli.core import events


class EventFilter:
    """Remembers what was told, so that nothing is told twice.

    `verbose` counts the `-v`; `quiet` leaves results only.
    """

    def __init__(self, *, verbose: int, quiet: bool) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._is_registered = False
        self._failures: dict[str | None, object] = {}
        """The last failure of each server, and under None that of the registration."""

    def is_news(self, event: events.Event, *, counted: bool) -> bool:
        """Whether `event` is worth a line.

        Where failures are `counted`, since how things stand is shown all the time, the same
        one again is not, unless it is the end.
        """
        was_registered = self._note(event)
        match event:
            case events.InstantMessage() | events.Pong():
                return True
            case events.Connecting():
                return self._verbose > 0
            case events.Registered() if was_registered:
                return self._verbose > 0
            case events.ConnectFailed(server=server, phase=phase, reason=reason):
                is_known = self._is_known(server, (phase, reason))
            case events.RegistrationFailed(status=status, reason=reason):
                is_known = self._is_known(None, (status, reason))
            case _:
                return not self._quiet
        is_repeated = is_known and counted and event.retry_in_s is not None
        return not self._quiet and (self._verbose > 0 or not is_repeated)

    def _note(self, event: events.Event) -> bool:
        """Note what has changed; whether we were registered before."""
        before = self._is_registered
        match event:
            case events.Registered():
                self._is_registered = True
                self._failures.clear()
            case events.Unregistered() | events.Disconnected():
                self._is_registered = False
            case events.Connected():
                self._failures.clear()
        return before

    def _is_known(self, what: str | None, failure: object) -> bool:
        """Whether `failure` is the last one of `what`; it is from now on."""
        before = self._failures.get(what)
        self._failures[what] = failure
        return before == failure
