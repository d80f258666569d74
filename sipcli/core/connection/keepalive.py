"""CRLF keep-alives on a connection (RFC 5626 §3.5.1, §4.4.1; RFC 7118 §6).

Pings go only to a registrar that asked for them with Flow-Timer. If it has answered one, a missing
pong means that the connection is dead. If it never answers, nothing follows but a warning: the
WebSocket's own pings watch every connection, and end it if their pongs stay away.
"""

from enum import Enum, auto
from typing import Final

from sipcli.core.connection.backoff import Draw
from sipcli.core.timers import Timers

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
PONG_TIMEOUT_S: Final = 10.0
"""Seconds within which a pong must come (RFC 5626 §4.4.1)."""
MIN_INTERVAL: Final = 5.0
"""Fewest seconds between pings, whatever Flow-Timer says."""
UNANSWERED: Final = (
    "the registrar asks for keep-alives (Flow-Timer) but does not answer them (RFC 5626 §4.4.1): "
    "only the WebSocket's own pings show whether the connection is alive"
)


class KeepaliveDue(Enum):
    """The action that is due."""

    NOTHING = auto()
    PING = auto()
    WARNING = auto()
    """No pong has ever come; reported once."""
    DEATH = auto()
    """Pongs used to come and have stopped: the connection is dead."""


class Keepalive:
    """Schedules pings and waits for pongs on the current connection."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._flow_timer: int | None = None
        self._has_ponged = False
        self._is_unanswered = False
        """True if a ping on this connection has not been answered and no pong came before."""
        self._has_warned = False
        self._timers: Timers[KeepaliveDue] = Timers()
        self._ping_timer = self._timers.timer(self._on_ping_due)
        self._pong_timer = self._timers.timer(self._on_pong_missed)

    def open(self) -> None:
        """Start over for a new connection."""
        self._flow_timer = None
        self._has_ponged = self._is_unanswered = False
        self._timers.stop_all()

    def start(self, flow_timer: int | None, now: float) -> None:
        """Use this Flow-Timer (seconds) from now on; None: send no pings."""
        self._flow_timer = flow_timer
        self._timers.stop_all()
        self._schedule(now)

    def ponged(self, now: float) -> None:
        """A pong (a single CRLF) arrived."""
        self._has_ponged = True
        if self._pong_timer.at is not None:
            self._schedule(now)

    def due(self, now: float) -> KeepaliveDue:
        """Return what is due at `now`, and schedule what comes after it."""
        for timer in self._timers.due(now):
            return timer.fire(now)  # one of them runs at a time
        return KeepaliveDue.NOTHING

    def deadline(self) -> float | None:
        """When to call `due` next, in seconds; None: never."""
        return self._timers.deadline()

    def _on_ping_due(self, now: float) -> KeepaliveDue:
        if self._is_unanswered and not self._has_ponged:
            self._schedule(now)
        else:
            self._pong_timer.start(now + PONG_TIMEOUT_S)
        return KeepaliveDue.PING

    def _on_pong_missed(self, now: float) -> KeepaliveDue:
        if self._has_ponged:
            return KeepaliveDue.DEATH
        self._is_unanswered = True
        self._schedule(now)
        is_news, self._has_warned = not self._has_warned, True
        return KeepaliveDue.WARNING if is_news else KeepaliveDue.NOTHING

    def _schedule(self, now: float) -> None:
        """The next ping comes after 80-100 % of Flow-Timer, at random (RFC 5626 §4.4.1)."""
        if self._flow_timer is not None:
            interval = max(MIN_INTERVAL, self._flow_timer * (0.8 + 0.2 * self._draw()))
            self._pong_timer.stop()
            self._ping_timer.start(now + interval)
