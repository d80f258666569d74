"""Decide which server to dial and when to retry: failover, backoff, return to a heavier server.

    IDLE --start--> DIALLING --opened--> OPEN --lost--> DIALLING (the next server, at once)
                      |  ^                                 or WAITING, when all have failed
                    failed (next server, at once)
                      v  |
                    WAITING (all have failed; a new round after the wait)

There is one connection at a time, except while trying to return to a heavier server: that one
is dialled beside the open one, which is closed only once the new one is open.
"""

from collections.abc import Callable
from enum import Enum, auto
from itertools import chain
from typing import Final

from sipcli.config.server_settings import WsServer
from sipcli.core.agent_actions import Action, Close, Open
from sipcli.core.connection.backoff import Draw, retry_delay
from sipcli.core.connection.flow import Flow
from sipcli.core.connection.servers import Servers
from sipcli.core.events import ConnectFailed, Connecting, Disconnected, Event
from sipcli.core.timers import Timers, earliest
from sipcli.errors import Phase

MAX_WAIT_IN_CALL: Final = 3.0
"""Longest wait between two rounds during a call, in seconds."""
PROOF_TIMEOUT_S: Final = 30.0
"""Seconds a connection on which nothing registers must last to count as good."""


class ConnectorState(Enum):
    """See the figure above."""

    IDLE = auto()
    DIALLING = auto()
    OPEN = auto()
    WAITING = auto()


class Connector:
    """Keeps one connection open: failover by weight, backoff, return to the heavier server.

    `low` and `high` bound the wait between rounds, in seconds. Without `retry_forever` a round
    in which every server failed is the last. With `registers`, a server counts as good once a
    registration succeeded; otherwise once the connection has lasted `PROOF_TIMEOUT_S` seconds.
    """

    def __init__(
        self,
        servers: tuple[WsServer, ...],
        low: float,
        high: float,
        draw: Draw,
        *,
        retry_forever: bool,
        registers: bool,
        is_urgent: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_urgent` returns True while a call needs the connection back."""
        self._is_urgent = is_urgent
        self._servers = Servers(servers, draw)
        self._low = low
        self._high = high
        self._draw = draw
        self.retry_forever = retry_forever
        self._registers = registers
        self._failures = 0
        self._count = 0
        self.state = ConnectorState.IDLE
        self._timers: Timers[list[Action | Event]] = Timers()
        self._retry_timer = self._timers.timer(self._new_round)
        self.proof_timer = self._timers.timer(self._on_proved)
        """Runs while a connection on which nothing registers has yet to prove itself."""
        self._quiet_timers: Timers[list[Action | Event]] = Timers()
        """Those that wait for a quiet moment, too."""
        self._return_timer = self._quiet_timers.timer(self._dial_better)
        self.flow: Flow | None = None
        """The connection being dialled or open; None otherwise."""
        self.returning: Flow | None = None
        """The attempt to go back to a heavier server, beside the open connection."""

    def start(self, now: float) -> list[Action | Event]:
        """Begin the first round."""
        if self.state is not ConnectorState.IDLE:
            return []
        return self._dial_or_wait(now)[0]

    def opened(self, flow: Flow, now: float, *, quiet: bool) -> list[Action | Event]:
        """The owner's dialling succeeded; `quiet` as for `tick`."""
        old = self.flow
        self._servers.is_back(flow.server)
        if flow == self.returning and old is not None:
            self.returning = None
            if not quiet:
                self._start_return_timer(now)
                return [Close(flow, "not a quiet moment")]
            self.flow = flow
            self._start_timers(now)
            return [
                Close(old, "moved to a heavier server"),
                _disconnected(old, 1000, f"moved to {flow.server}", None),
            ]
        if flow != old:
            return [Close(flow, "not wanted any more")]
        self.state = ConnectorState.OPEN
        self._start_timers(now)
        return []

    def failed(self, flow: Flow, phase: Phase, reason: str, now: float) -> list[Action | Event]:
        """The owner's dialling failed in `phase`."""
        if flow == self.returning:
            self.returning = None
            self._start_return_timer(now)
            return []
        if flow != self.flow:
            return []
        self._servers.failed(flow.server)
        effects, wait = self._dial_or_wait(now)
        server = str(flow.server)
        failed = ConnectFailed(server=server, phase=phase, reason=reason, retry_in_s=wait)
        return [failed, *effects]

    def lost(self, flow: Flow, code: int | None, reason: str, now: float) -> list[Action | Event]:
        """An open connection ended unexpectedly."""
        if flow != self.flow or self.state is not ConnectorState.OPEN:
            return []
        closing: list[Action | Event] = []
        if self.returning is not None:
            closing = [Close(self.returning, "not wanted any more")]
            self.returning = None
        self._servers.failed(flow.server)
        effects, wait = self._dial_or_wait(now)
        return [*closing, _disconnected(flow, code, reason, wait), *effects]

    def drop(self, flow: Flow, reason: str, now: float) -> list[Action | Event]:
        """Give up an open connection that does not work: its server counts as failed."""
        effects = self.lost(flow, None, reason, now)
        return [Close(flow, reason), *effects] if effects else []

    def proved(self) -> None:
        """A registration succeeded (or the connection lasted): the next wait is short again.

        An open socket alone proves nothing: a server that accepts connections and refuses
        registrations must not be hammered.
        """
        self._failures = 0

    def stop(self) -> list[Action | Event]:
        """Close everything and stop dialling."""
        flows = [flow for flow in (self.flow, self.returning) if flow is not None]
        self.state = ConnectorState.IDLE
        self._stop_timers()
        self.flow = self.returning = None
        return [Close(flow, "") for flow in flows]

    def dial_now(self, now: float) -> list[Action | Event]:
        """Dial at once, restarting any attempt in progress; do nothing if a connection is open.

        For when the network has changed: servers failed on the old network, and an attempt in
        progress may be stuck on it.
        """
        if self.state not in (ConnectorState.WAITING, ConnectorState.DIALLING):
            return []
        given_up = [Close(self.flow, "the network has changed")] if self.flow is not None else []
        self._failures = 0
        self._servers.new_round()
        return [*given_up, *self._dial_or_wait(now)[0]]

    @property
    def has_another(self) -> bool:
        """True if a server in this round has not failed yet."""
        return self._servers.has_another(self.flow.server if self.flow is not None else None)

    def tick(self, now: float, *, quiet: bool) -> list[Action | Event]:
        """Fire due timers; `quiet` means that nothing is going on that a move would disturb."""
        due = chain(self._timers.due(now), self._quiet_timers.due(now) if quiet else ())
        return [effect for timer in due for effect in timer.fire(now)]

    def deadline(self, *, quiet: bool) -> float | None:
        """When `tick` has something to do, in seconds on the caller's clock."""
        return earliest(self._timers.deadline(), self._quiet_timers.deadline() if quiet else None)

    def _dial_or_wait(self, now: float) -> tuple[list[Action | Event], float | None]:
        """Dial the next server of the round, or wait for a new round; also return the wait (s)."""
        server = self._servers.choose()
        if server is not None:
            self.state = ConnectorState.DIALLING
            self._stop_timers()
            self.flow = self._new_flow(server)
            return [Connecting(server=str(server)), Open(self.flow)], 0.0
        self.flow = None
        self._failures += 1
        if not self.retry_forever:
            self.state = ConnectorState.IDLE
            self._stop_timers()
            return [], None
        high = (
            min(self._high, max(self._low, MAX_WAIT_IN_CALL)) if self._is_urgent() else self._high
        )
        wait = retry_delay(self._failures, self._low, high, self._draw)
        self.state = ConnectorState.WAITING
        self._stop_timers()
        self._retry_timer.start(now + wait)
        return [], wait

    def _start_timers(self, now: float) -> None:
        """Set the timers of an open connection."""
        self._stop_timers()
        if not self._registers:
            self.proof_timer.start(now + PROOF_TIMEOUT_S)
        self._start_return_timer(now)

    def _start_return_timer(self, now: float) -> None:
        """Set the timer for the next attempt to return to a heavier server."""
        if self.flow is not None and self._servers.better_than(self.flow.server):
            self._return_timer.start(now + self._high)

    def _stop_timers(self) -> None:
        self._timers.stop_all()
        self._quiet_timers.stop_all()

    def _new_round(self, now: float) -> list[Action | Event]:
        """The wait is over: begin with the heaviest server again."""
        self._servers.new_round()
        return self._dial_or_wait(now)[0]

    def _on_proved(self, now: float) -> list[Action | Event]:
        self.proved()
        return []

    def _dial_better(self, now: float) -> list[Action | Event]:
        """Dial a heavier server to see if it is back."""
        better = self._servers.better_than(self.flow.server) if self.flow else None
        if better is None:
            return []
        self.returning = self._new_flow(better)
        return [Open(self.returning)]

    def _new_flow(self, server: WsServer) -> Flow:
        self._count += 1
        return Flow(self._count, server)


def _disconnected(flow: Flow, code: int | None, reason: str, wait: float | None) -> Disconnected:
    server = str(flow.server)
    return Disconnected(server=server, code=code, reason=reason, retry_in_s=wait)
