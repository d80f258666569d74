"""The line at the foot of the screen: how things stand now, with what is being waited for."""

from sipcli.core import events
from sipcli.printable import one_line


class Status:
    """What the events so far add up to. Times are seconds on one monotonic clock."""

    def __init__(self, *, registers: bool) -> None:
        self._registers = registers
        self._server: str | None = None
        self._words = "starting"
        self._mark = "◌"
        self._due: tuple[str, float] | None = None
        self._account = ""

    def take(self, event: events.Event, now: float) -> None:
        """Let `event`, which happened at `now`, change the picture."""
        match event:
            case events.Connecting(server=server):
                self._show("◌", f"connecting to {server}")
            case events.Connected(server=server):
                self._server = server
                self._show("◌" if self._registers else "●", self._connected())
            case events.ConnectFailed(retry_in_s=wait):
                self._show_waiting("not connected", wait, now)
            case events.Disconnected(server=server, retry_in_s=wait):
                if server == self._server:
                    self._server = None
                    self._show_waiting("not connected", wait, now)
            case events.Registered(uri=uri, expires_s=expires):
                self._show("●", f"{uri} registered through {self._server}")
                self._due = ("renewal due within", now + expires)
            case events.RegistrationFailed(retry_in_s=wait):
                self._show_waiting("not registered", wait, now)
            case events.Unregistered():
                self._show("○", "not registered")
            case _:
                pass

    def leaving(self) -> None:
        """The user wants an end."""
        self._show("◌", "unregistering" if self._registers else "closing")

    def line(self, now: float) -> str:
        """The line as it reads at `now`."""
        due = ""
        if self._due is not None:
            what, at = self._due
            due = f" · {what} {clock(at - now)}"
        return one_line(f"{self._mark} {self._words}{due}")

    def _connected(self) -> str:
        doing = "registering through" if self._registers else "connected to"
        return f"{doing} {self._server}"

    def _show(self, mark: str, words: str) -> None:
        self._mark, self._words, self._due = mark, words, None

    def _show_waiting(self, words: str, wait: float | None, now: float) -> None:
        self._show("○", words)
        if wait is not None:
            self._due = ("next try in", now + wait)


def clock(seconds: float) -> str:
    """A duration as minutes and seconds, hours where there are any; never below zero."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
