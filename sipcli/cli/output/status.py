"""The status line: connection and registration, and the time until the next step."""

from typing import Final

from sipcli.core import events
from sipcli.text import one_line

_RETRY: Final = "next try in"


class Status:
    """The state that the events so far add up to. Times are seconds on one monotonic clock."""

    def __init__(self, *, registers: bool) -> None:
        self._registers = registers
        self._server: str | None = None
        self._words = "starting"
        self._mark = "◌"
        self._due: tuple[str, float] | None = None
        self._detail = ""
        self._failed = 0
        """Failed tries in a row of the current step."""

    def on_event(self, event: events.Event, now: float) -> None:
        """Update the state with `event`, which happened at `now`."""
        match event:
            case events.Connecting(server=server):
                self._show("◌", f"connecting to {server}")
            case events.Connected(server=server):
                self._server = server
                self._failed = 0
                self._show("◌" if self._registers else "●", self._connected())
            case events.ConnectFailed(retry_in_s=wait):
                self._failed += 1
                self._show_waiting("not connected", wait, now)
            case events.Disconnected(server=server, retry_in_s=wait):
                if server == self._server:
                    self._server, self._failed = None, 0
                    self._show_waiting("not connected", wait, now)
            case events.Registered(uri=uri, expires_s=expires):
                self._failed = 0
                self._show("●", "registered", f"{uri} through {self._server}")
                self._due = ("renewal due within", now + expires)
            case events.RegistrationFailed(retry_in_s=wait):
                self._failed += 1
                self._show_waiting("not registered", wait, now)
            case events.Unregistered() if not self._is_trying:
                self._show("○", "not registered")
            case _:
                pass

    def leaving(self) -> None:
        """The user has asked the command to end."""
        self._show("◌", "unregistering" if self._registers else "closing")

    def line(self, now: float) -> str:
        """Return the line at `now`; what matters most comes first, since its end may be cut off."""
        parts = [f"{self._mark} {self._words}"]
        if self._due is not None:
            what, at = self._due
            parts.append(f"{what} {clock(at - now)}")
        if self._detail:
            parts.append(self._detail)
        return one_line(" · ".join(parts))

    @property
    def _is_trying(self) -> bool:
        """True while reconnecting or retrying: a binding that expires meanwhile changes nothing."""
        return self._server is None or (self._due is not None and self._due[0] == _RETRY)

    def _connected(self) -> str:
        doing = "registering through" if self._registers else "connected to"
        return f"{doing} {self._server}"

    def _show(self, mark: str, words: str, detail: str = "") -> None:
        self._mark, self._words, self._detail, self._due = mark, words, detail, None

    def _show_waiting(self, words: str, wait: float | None, now: float) -> None:
        tries = f", {self._failed} tries failed" if self._failed > 1 else ""
        self._show("○", words + tries)
        if wait is not None:
            self._due = (_RETRY, now + wait)


def clock(seconds: float) -> str:
    """Return a duration as M:SS or H:MM:SS; negative ones as 0:00."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
