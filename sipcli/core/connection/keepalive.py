"""CRLF keep-alives on a connection (RFC 5626 §3.5.1, §4.4.1; RFC 7118 §6).

Only a registrar that asked for them with Flow-Timer is sent pings, and one that answers them is
held to its pongs. One that never does is alive all the same: the WebSocket's own pings watch
every connection, and end it where their pongs stay away.
"""

from enum import Enum, auto
from typing import Final

from sipcli.core.connection.backoff import Draw

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
PONG_WAIT: Final = 10.0
"""Seconds within which a pong must come (RFC 5626 §4.4.1)."""
MIN_INTERVAL: Final = 5.0
"""Seconds between pings at the least, whatever Flow-Timer says."""
UNANSWERED: Final = (
    "the registrar asks for keep-alives (Flow-Timer) but does not answer them (RFC 5626 §4.4.1): "
    "only the WebSocket's own pings show whether the connection is alive"
)


class Due(Enum):
    """What there is to do now."""

    NOTHING = auto()
    PING = auto()
    WARNING = auto()
    """Pongs have never come, which is told once."""
    DEATH = auto()
    """Pongs came and come no more: the connection is dead."""


class Keepalive:
    """Pings due and pongs awaited on one connection after the other."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._flow_timer: int | None = None
        self._has_ponged = False
        self._is_unanswered = False
        """Whether a ping on this connection has waited in vain for the first pong."""
        self._has_warned = False
        self.deadlines: dict[str, float] = {}

    def open(self) -> None:
        """There is a new connection, on which nothing is known yet."""
        self._flow_timer = None
        self._has_ponged = self._is_unanswered = False
        self.deadlines = {}

    def start(self, flow_timer: int | None, now: float) -> None:
        """Obey this Flow-Timer (seconds) from now on; None: send nothing."""
        self._flow_timer = flow_timer
        self.deadlines = {}
        self._schedule(now)

    def ponged(self, now: float) -> None:
        """A lone CRLF came."""
        self._has_ponged = True
        if "pong" in self.deadlines:
            self._schedule(now)

    def due(self, now: float) -> Due:
        """What is due at `now`; asking counts as doing it."""
        if self.deadlines.get("ping", now + 1) <= now:
            if self._is_unanswered and not self._has_ponged:
                self._schedule(now)
            else:
                self.deadlines = {"pong": now + PONG_WAIT}
            return Due.PING
        if self.deadlines.get("pong", now + 1) > now:
            return Due.NOTHING
        if self._has_ponged:
            return Due.DEATH
        self._is_unanswered = True
        self._schedule(now)
        is_news, self._has_warned = not self._has_warned, True
        return Due.WARNING if is_news else Due.NOTHING

    def deadline(self) -> float | None:
        """When there is something to do."""
        return min(self.deadlines.values(), default=None)

    def _schedule(self, now: float) -> None:
        """The next ping comes after 80-100 % of Flow-Timer, at random (RFC 5626 §4.4.1)."""
        if self._flow_timer is not None:
            interval = max(MIN_INTERVAL, self._flow_timer * (0.8 + 0.2 * self._draw()))
            self.deadlines = {"ping": now + interval}
