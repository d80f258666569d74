"""Decide which events of the phone get a line on screen."""

from sipcli.core import events


class EventFilter:
    """Remembers what was shown, so that nothing is shown twice.

    `verbose` is the number of `-v`; with `quiet` only results are shown.
    """

    def __init__(self, *, verbose: int, quiet: bool) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._is_registered = False
        self._failures: dict[str | None, object] = {}
        """The last failure of each server; that of the registration under None."""

    def is_news(self, event: events.Event, *, counted: bool) -> bool:
        """True if `event` gets a line.

        If failures are `counted` on the status line, a repeated failure gets none, unless it
        is the last one.
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
        """Update the state; return whether we were registered before."""
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
        """Return whether `failure` is the last one of `what`, and remember it as that."""
        before = self._failures.get(what)
        self._failures[what] = failure
        return before == failure
