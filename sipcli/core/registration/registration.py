"""Register and stay registered (RFC 3261 §10.2, RFC 5626, 5627, 3608).

    OFF --start--> WAITING --a connection--> REGISTERING --2xx--> REGISTERED
                      ^                        |   ^                |
                      +------ a failure -------+   +---- refresh ---+
    any --stop--> UNREGISTERING (where a binding may exist) --> OFF

At most one REGISTER is outstanding. The binding and its expiry are independent of the state: a
refresh that fails leaves us registered until the granted time has run out.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

from sipcli.config.settings import Settings
from sipcli.core import events
from sipcli.core.connection.backoff import Draw, retry_delay
from sipcli.core.connection.flow import Flow
from sipcli.core.registration import bindings
from sipcli.core.requests.credentials import AuthSession
from sipcli.core.requests.exchange import (
    ConnectionLost,
    Exchange,
    FinalResponse,
    Outcome,
    Unanswered,
    Unauthorized,
)
from sipcli.core.requests.requester import ALLOW, SUPPORTED, Requester
from sipcli.core.timers import Timers
from sipcli.sip.message import Request, Response

MIN_REFUSED_WAIT: Final = 60.0
MAX_REFUSED_WAIT: Final = 1800.0
"""Shortest and longest wait after a refusal that will not resolve on its own, in seconds."""
HARD_REFUSALS: Final = frozenset(
    {400, 401, 403, 404, 405, 407, 410, 416, 420, 423, 484, 501, 603, 604}
)
MAX_EXPIRES: Final = 2**31
MAX_RAISES: Final = 2
"""Times that we ask for a longer expiry after a 423, until a REGISTER has succeeded or failed."""
STOP_TIMEOUT_S: Final = 1.0
"""Seconds that stopping waits for an outstanding REGISTER before it unregisters anyway."""
MIN_REFRESH: Final = 1.0
MAX_REFRESH: Final = 86400.0


class RegistrationState(Enum):
    """See the figure above."""

    OFF = auto()
    WAITING = auto()
    REGISTERING = auto()
    REGISTERED = auto()
    UNREGISTERING = auto()


def refresh_delay(expires: float) -> float:
    """Seconds after a 2xx at which to refresh a binding granted for `expires` seconds.

    A tenth of the time, and enough for one more attempt after Timer F, is kept in hand,
    but never more than half.
    """
    margin = min(expires / 2, max(expires / 10, 45.0))
    return min(max(expires - margin, MIN_REFRESH), MAX_REFRESH)


class RegistrationOwner(Protocol):
    """The parts of the owning agent that a registration needs."""

    def emit(self, event: events.Event) -> None:
        """Emit an event."""

    def registered(self, flow_timer: int | None, now: float) -> None:
        """A REGISTER succeeded; `flow_timer` in seconds, None if not given (RFC 5626 §4.4)."""

    def give_up_flow(
        self, flow: Flow, reason: str, now: float, announce: Callable[[float | None], None]
    ) -> None:
        """Registering cannot succeed on this connection: try another server.

        `announce` is called first with the seconds until the next attempt; None: there is none.
        """

    def has_another(self) -> bool:
        """True if another server could be tried."""


class Registration:
    """The binding of one address of record to this phone (RFC 3261 §10).

    Without `retry_forever` a failed REGISTER is not retried.
    """

    def __init__(
        self,
        settings: Settings,
        requester: Requester,
        owner: RegistrationOwner,
        draw: Draw,
        *,
        retry_forever: bool,
    ) -> None:
        self._settings = settings
        self._requester = requester
        self._owner = owner
        self._draw = draw
        self.retry_forever = retry_forever
        self._identity = requester.identity
        self._call_id = self._identity.new_id()
        self._from_tag = self._identity.new_tag()
        self._cseq = 0
        self._expires = settings.register_expires
        self._raises = 0
        self._auth: AuthSession | None = None
        """Bounds the challenges of all requests of one round."""
        self._outbound = True
        self._failures = 0
        self._flow: Flow | None = None
        self._exchange: Exchange | None = None
        self._begun = 0.0
        self._may_be_bound = False
        """True if a REGISTER succeeded, or may have: then `stop` has to unregister."""
        self._stopping = False
        self.state = RegistrationState.OFF
        self._timers: Timers[None] = Timers()
        self._expiry_timer = self._timers.timer(lambda _: self._lose_binding())
        """Runs while there is a binding, until its end."""
        self._attempt_timer = self._timers.timer(self._register)
        """A refresh, or another attempt after a failure."""
        self._stopping_timer = self._timers.timer(lambda at: self._unregister(at, if_bound=False))
        """How long stopping waits for an outstanding REGISTER."""

    @property
    def is_registered(self) -> bool:
        """True if a binding of ours is alive at the registrar, as far as we know."""
        return self._expiry_timer.at is not None

    def start(self, now: float) -> None:
        """Register, now or as soon as there is a connection."""
        self._stopping = False
        if self.state is RegistrationState.OFF:
            self._enter(RegistrationState.WAITING)
            if self._flow is not None:
                self._register(now)

    def flow_up(self, flow: Flow, now: float) -> None:
        """A connection is open: register on it, as each new one needs (RFC 5626 §4.2)."""
        self._flow = flow
        if self.state in (RegistrationState.WAITING, RegistrationState.REGISTERED):
            self._register(now)

    def flow_down(self, flow: Flow) -> None:
        """The connection was lost; an outstanding REGISTER reports `ConnectionLost` after this."""
        if flow == self._flow:
            self._flow = None
            if self.state is RegistrationState.REGISTERED:
                self._enter(RegistrationState.WAITING)

    def stop(self, now: float) -> None:
        """Remove the binding, even if its REGISTER is still outstanding; then enter OFF."""
        self._stopping = True
        match self.state:
            case RegistrationState.REGISTERING:
                self._stopping_timer.start(now + STOP_TIMEOUT_S)
            case RegistrationState.REGISTERED | RegistrationState.WAITING:
                self._unregister(now, if_bound=True)

    def slept(self, seconds: float) -> None:
        """The machine slept: the registrar's clock ran on for `seconds` while ours stood still."""
        for timer in (self._expiry_timer, self._attempt_timer, self._stopping_timer):
            if timer.at is not None:
                timer.start(timer.at - seconds)

    def deadline(self) -> float | None:
        """When to call `tick` next, in seconds; None: never, as things stand."""
        return self._timers.deadline()

    def tick(self, now: float) -> None:
        """Fire what is due."""
        for timer in self._timers.due(now):
            timer.fire(now)

    def _register(self, now: float) -> None:
        """Begin a round."""
        self._begun = now
        self._auth = self._requester.authenticator.session()
        self._register_again(now)

    def _register_again(self, now: float) -> None:
        """Send REGISTER, adapted to the registrar's last answer; without a connection, nothing."""
        if self._flow is None:
            return
        self._send(self._flow, self._expires, now)
        self._enter(RegistrationState.REGISTERING)

    def _unregister(self, now: float, *, if_bound: bool) -> None:
        if self._flow is None or (if_bound and not self._may_be_bound):
            if self.is_registered:
                self._warn(
                    "not connected, so the registration was not removed: it stays until it expires"
                )
                self._expiry_timer.stop()  # its end is no longer ours to report
            self._enter(RegistrationState.OFF)
            return
        self._auth = None
        self._send(self._flow, 0, now)
        self._enter(RegistrationState.UNREGISTERING)

    def _send(self, flow: Flow, expires: int, now: float) -> None:
        contact = self._identity.register_contact(expires, outbound=self._outbound)
        supported = [tag for tag in SUPPORTED if tag != "outbound" or self._outbound]
        if self._exchange is not None:
            self._exchange.abandon()
            self._cseq = self._exchange.request.cseq.number  # challenges have made it rise
        request = self._requester.out_of_dialog(
            "REGISTER",
            self._settings.registrar,
            flow,
            to=self._identity.aor,
            call_id=self._call_id,
            from_tag=self._from_tag,
            cseq=self._cseq + 1,
            headers=[
                ("Contact", contact),
                ("Allow", ", ".join(ALLOW)),
                ("Supported", ", ".join(supported)),
            ],
        )
        exchange = Exchange(request, flow, self._requester, self._on_outcome, auth=self._auth)
        self._exchange = exchange
        exchange.start(now)
        self._cseq = exchange.request.cseq.number

    def _on_outcome(self, exchange: Exchange, outcome: Outcome, now: float) -> None:
        self._exchange = None
        self._cseq = exchange.request.cseq.number
        if self.state is RegistrationState.UNREGISTERING:
            self._after_unregister(outcome)
            return
        self._after_register(exchange.flow, outcome, now)
        if self._stopping:
            self._unregister(now, if_bound=True)

    def _after_unregister(self, outcome: Outcome) -> None:
        match outcome:
            case FinalResponse(response=Response(status=status)) if status // 100 == 2:
                pass
            case FinalResponse(response=response) | Unauthorized(response=response):
                text = f"unregistering failed: the registrar answered {_words(response)}"
                self._warn(text)
            case Unanswered() | ConnectionLost():
                self._warn("unregistering was not confirmed: the registrar did not answer")
        self._may_be_bound = False
        self._unbound()
        self._enter(RegistrationState.OFF)

    def _after_register(self, flow: Flow, outcome: Outcome, now: float) -> None:
        match outcome:
            case FinalResponse(request, response) if response.status // 100 == 2:
                self._succeeded(request, response, now)
            case _ if self._stopping:
                self._may_be_bound |= not isinstance(outcome, FinalResponse | Unauthorized)
                self._enter(RegistrationState.WAITING)
            case FinalResponse(_, Response(status=423) as response) if self._adopts(response):
                self._register_again(now)
            case FinalResponse(_, Response(status=439)) if self._outbound:
                self._outbound = False  # the first hop cannot do RFC 5626 (§11.6): go on without
                self._register_again(now)
            case FinalResponse(_, Response(status=503) as response) if self._owner.has_another():
                self._failed_here(flow, 503, _words(response), now)
            case FinalResponse(_, response):
                self._failed(response.status, _why(response), self._wait(response), now)
            case Unauthorized(response, reason, needs_password):
                wait = self._wait(response)
                self._failed(response.status, reason, wait, now, needs_password=needs_password)
            case Unanswered(note=note):
                self._may_be_bound = True
                self._failed_here(flow, None, f"the registrar does not answer{note}", now)
            case _:
                self._may_be_bound = True
                self._enter(RegistrationState.WAITING)

    def _adopts(self, response: Response) -> bool:
        """Adopt the Min-Expires of a 423 (§10.2.8); False if not longer, or asked too often."""
        wanted = response.min_expires
        if wanted is None or not self._expires < wanted < MAX_EXPIRES:
            return False
        if self._raises == MAX_RAISES:
            return False
        self._raises += 1
        self._expires = wanted
        return True

    def _succeeded(self, request: Request, response: Response, now: float) -> None:
        reading = bindings.read(request, response, self._identity.instance, self._expires)
        for text in reading.warnings:
            self._warn(text)
        if reading.expires == 0:
            reason = "the registrar granted an expiry of 0 s"
            self._failed(response.status, reason, self._wait(response), now)
            return
        self._failures = self._raises = 0
        self._may_be_bound = True
        self._identity.granted = reading.granted
        self._expiry_timer.start(now + reading.expires)
        self._enter(RegistrationState.REGISTERED)
        self._attempt_timer.start(now + refresh_delay(reading.expires))
        self._owner.emit(
            events.Registered(
                uri=str(self._identity.aor),
                registrar=str(self._settings.registrar),
                expires_s=reading.expires,
                contact=str(self._identity.contact),
                bindings=reading.bindings,
                pub_gruu=reading.granted.pub_gruu,
                temp_gruu=reading.granted.temp_gruu,
                elapsed_s=now - self._begun,
            )
        )
        self._owner.registered(response.flow_timer, now)

    def _failed(
        self,
        status: int | None,
        reason: str,
        wait: float | None,
        now: float,
        *,
        needs_password: bool = False,
    ) -> None:
        """Report a failure and retry in `wait` seconds; None: not on this connection."""
        self._failures += 1
        self._raises, self._expires = 0, self._settings.register_expires
        self._enter(RegistrationState.WAITING)
        if wait is not None:
            self._attempt_timer.start(now + wait)
        self._owner.emit(
            events.RegistrationFailed(
                status=status,
                reason=reason,
                retry_in_s=wait,
                needs_password=needs_password,
            )
        )

    def _failed_here(self, flow: Flow, status: int | None, reason: str, now: float) -> None:
        """Report a failure that is the connection's fault, and switch to another one."""

        def announce(wait: float | None) -> None:
            self._failed(status, reason, wait, now)
            self._attempt_timer.stop()  # the next connection triggers the next attempt

        self._owner.give_up_flow(flow, reason, now, announce)

    def _wait(self, response: Response) -> float | None:
        """Seconds to the next attempt: Retry-After where given, else backoff; None: no attempt."""
        if not self.retry_forever:
            return None
        low: float = self._settings.connection_recovery_min_interval
        high: float = self._settings.connection_recovery_max_interval
        if response.status in HARD_REFUSALS:
            low, high = MIN_REFUSED_WAIT, MAX_REFUSED_WAIT
        wait = retry_delay(self._failures + 1, low, high, self._draw)
        after = response.retry_after
        return wait if after is None else max(wait, min(float(after.seconds), MAX_REFUSED_WAIT))

    def _unbound(self) -> None:
        """The binding is gone, if there was one."""
        if self.is_registered:
            self._lose_binding()

    def _lose_binding(self) -> None:
        self._expiry_timer.stop()
        self._identity.lose_grants()
        self._owner.emit(events.Unregistered())

    def _warn(self, text: str) -> None:
        self._owner.emit(events.Warned(text=text))

    def _enter(self, state: RegistrationState) -> None:
        self.state = state
        self._attempt_timer.stop()
        self._stopping_timer.stop()


def _words(response: Response) -> str:
    return f"{response.status} {response.reason}".strip()


def _why(response: Response) -> str:
    """Why a REGISTER was refused, with the Min-Expires of a 423."""
    if response.status != 423:
        return _words(response)
    if response.min_expires is None:
        return f"{_words(response)} (without a Min-Expires to say how long is enough)"
    return f"{_words(response)} (the registrar now asks for {response.min_expires} s)"
