"""CRLF keep-alives on a connection (RFC 5626 §3.5.1, §4.4.1; RFC 7118 §6).

Only a registrar that asked for them with Flow-Timer is sent pings and held to its pongs:
others may not know them, and the WebSocket's own pings watch every connection anyway.
"""

from typing import Final

from sipcli.core.connection.backoff import Draw

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
PONG_WAIT: Final = 10.0
"""Seconds within which a pong must come (RFC 5626 §4.4.1)."""
SHORTEST_INTERVAL: Final = 5.0
"""Seconds between pings at the least, whatever Flow-Timer says."""


class Keepalive:
    """Pings due and pongs awaited on one connection."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._flow_timer: int | None = None
        self.deadlines: dict[str, float] = {}

    def start(self, flow_timer: int | None, now: float) -> None:
        """Obey this Flow-Timer (seconds) from now on; None: send nothing."""
        self._flow_timer = flow_timer
        self.deadlines = {}
        self._schedule(now)

    def ponged(self, now: float) -> None:
        """A lone CRLF came."""
        if "pong" in self.deadlines:
            self._schedule(now)

    def tick(self, now: float) -> bool:
        """Fire what is due; says whether a ping is to be sent. See also `is_dead`."""
        if self.deadlines.get("ping", now + 1) <= now:
            self.deadlines = {"pong": now + PONG_WAIT}
            return True
        return False

    def is_dead(self, now: float) -> bool:
        """Whether a pong is overdue."""
        return self.deadlines.get("pong", now + 1) <= now

    def deadline(self) -> float | None:
        """When there is something to do."""
        return min(self.deadlines.values(), default=None)

    def _schedule(self, now: float) -> None:
        """The next ping comes after 80-100 % of Flow-Timer, at random (RFC 5626 §4.4.1)."""
        if self._flow_timer is not None:
            interval = max(SHORTEST_INTERVAL, self._flow_timer * (0.8 + 0.2 * self._draw()))
            self.deadlines = {"ping": now + interval}
