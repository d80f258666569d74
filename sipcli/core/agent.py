"""The user agent: the only entry point to the core.

Its owner reports what happens (`opened`, `received`, `tick` ...), and after each step
performs `take_actions()`, passes on `take_events()` and calls `tick` again at `deadline()`.
Nothing here waits, and `now` is always seconds on the owner's monotonic clock.
"""

from collections.abc import Callable, Iterable
from typing import Final

from sipcli.config.settings import Settings
from sipcli.core import events
from sipcli.core.agent_actions import Action, Close, DebugLine, Note, Transmit
from sipcli.core.calls.calls import Calls
from sipcli.core.calls.events import CallEvent
from sipcli.core.connection.backoff import Draw
from sipcli.core.connection.connector import Connector, ConnectorState
from sipcli.core.connection.flow import Flow
from sipcli.core.connection.keepalive import PING, PONG, UNANSWERED, Keepalive, KeepaliveDue
from sipcli.core.debug_log import DebugLog
from sipcli.core.describe import describe_message
from sipcli.core.dialogs.services import DialogServices
from sipcli.core.events import Disconnected
from sipcli.core.fault_reports import FaultReports
from sipcli.core.registration.registration import Registration, RegistrationState
from sipcli.core.request_server import RequestServer
from sipcli.core.requests import queries, uas_checks
from sipcli.core.requests.credentials import Authenticator, Credentials
from sipcli.core.requests.identity import Identity, NewId
from sipcli.core.requests.queries import OnQueryOutcome
from sipcli.core.requests.requester import Requester
from sipcli.core.timers import earliest
from sipcli.core.transactions.layer import Transactions
from sipcli.errors import Phase
from sipcli.sip import build
from sipcli.sip.message import Fault, Layer, Request, Response
from sipcli.sip.parser import encode, parse
from sipcli.sip.uri import Uri
from sipcli.sip.validate import check, is_matchable

NOT_FOR_US: Final = Fault(Layer.VALIDATION, "Via", None, "More Than One Via In A Response")
"""The response was misrouted: the last hop removes its own Via (RFC 3261 §8.1.3.3)."""


class UserAgent:
    """One account on one connection at a time.

    `new_id` and `draw` are its sources of randomness. With `retry_forever` it never gives up;
    without it, it stops after a round in which all servers failed, or a refused registration.
    Without `takes_calls`, incoming calls get 480.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None,
        new_id: NewId,
        draw: Draw,
        *,
        retry_forever: bool,
        takes_calls: bool = False,
    ) -> None:
        self._actions: list[Action] = []
        self._events: list[events.Event] = []
        self._call_events: list[CallEvent] = []
        self._registers = settings.register
        self._stopping = False
        self.debug_log = DebugLog(lambda text: self._actions.append(DebugLine(text)))
        """Becomes `DebugLine` actions; its owner says whether somebody reads them."""
        self._identity = Identity(settings, new_id)
        self._transactions = Transactions(self, settings.max_transactions, self.debug_log)
        self._authenticator = Authenticator(credentials, new_id)
        self._requester = Requester(
            settings, self._identity, self._transactions, self._authenticator
        )
        self.dialogs = DialogServices(
            self._requester,
            self._transactions,
            draw,
            lambda: self.flow,
            ignored=self.ignored,
            log=self.debug_log,
        )
        """What a usage of a dialog needs, and which one serves a request."""
        self.calls = Calls(self.dialogs, settings, self.emit_call, takes_calls=takes_calls)
        """All calls, and the operations on them."""
        self._faults = FaultReports(self.emit)
        self._server = RequestServer(
            self._transactions, self._identity, self.dialogs, self.calls, self.emit
        )
        self._keepalive = Keepalive(draw)
        self._connector = Connector(
            settings.ws_servers,
            settings.connection_recovery_min_interval,
            settings.connection_recovery_max_interval,
            draw,
            retry_forever=retry_forever,
            registers=settings.register,
            is_urgent=lambda: not self.calls.is_idle,
        )
        self._registration = Registration(
            settings,
            self._requester,
            self,
            draw,
            retry_forever=retry_forever,
        )

    # What its owner wants

    def start(self, now: float) -> None:
        """Connect, and register where the settings say so."""
        if self._registers:
            self._registration.start(now)
        self._carry_out(self._connector.start(now), now)

    def stop(self, now: float) -> None:
        """End all calls, unregister, then close; the owner waits for `is_stopped`, with a limit."""
        self._stopping = True
        self.calls.stop(now)
        self._registration.stop(now)
        self._step_done(now)

    def retry_forever_from_now(self) -> None:
        """Retry forever from now on."""
        self._connector.retry_forever = self._registration.retry_forever = True

    def ping(self, target: Uri, on_outcome: OnQueryOutcome, now: float) -> None:
        """Send OPTIONS (RFC 3261 §11); `on_outcome` is called once (at once if offline)."""
        queries.ping(self._requester, self.flow, target, self.emit, on_outcome, now)

    def send_message(self, target: Uri, text: str, on_outcome: OnQueryOutcome, now: float) -> None:
        """Send an instant message (RFC 3428); `on_outcome` is called once."""
        queries.send_message(self._requester, self.flow, target, text, self.emit, on_outcome, now)

    # What its owner reports

    def opened(self, flow: Flow, elapsed: float, now: float) -> None:
        """The connection requested by `Open` is up, after `elapsed` seconds of dialling."""
        effects = self._connector.opened(flow, now, quiet=self._is_quiet)
        if flow == self.flow:
            self._keepalive.open()
            server = str(flow.server)
            self.emit(events.Connected(server=server, elapsed_s=elapsed))
            self._registration.flow_up(flow, now)
            self.calls.flow_up(now)
        self._carry_out(effects, now)

    def connect_failed(self, flow: Flow, phase: Phase, reason: str, now: float) -> None:
        """The connection requested by `Open` failed."""
        self._carry_out(self._connector.failed(flow, phase, reason, now), now)

    def closed(self, flow: Flow, code: int | None, reason: str, now: float) -> None:
        """An open connection ended, other than by our `Close`."""
        self._flow_gone(flow, now)
        self._step_done(now)
        self._carry_out(self._connector.lost(flow, code, reason, now), now)

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """One WebSocket message came: a SIP message or a keep-alive (RFC 5626 §3.5.1)."""
        if data == PING:
            self._actions.append(Transmit(flow, PONG))
        elif not data.strip(b"\r\n"):
            self._keepalive.ponged(now)
        else:
            self._received_message(flow, data, now)
        self._step_done(now)

    def dial_now(self, now: float) -> None:
        """Dial now unless connected: a server may be reachable again."""
        self._carry_out(self._connector.dial_now(now), now)

    def slept(self, seconds: float, now: float) -> None:
        """The machine slept: the owner's clock stopped for `seconds` and runs again now.

        The far ends' clocks did not stop, so all that they granted us expires that much sooner.
        """
        self._registration.slept(seconds)
        self.calls.slept(seconds, now)

    def tick(self, now: float) -> None:
        """Fire every timer that is due."""
        self._transactions.tick(now)
        self._registration.tick(now)
        self.calls.tick(now)
        self._carry_out(self._connector.tick(now, quiet=self._is_quiet), now)
        if self.flow is not None:
            self._keep_alive(self.flow, now)
        self._step_done(now)

    # What its owner asks

    def deadline(self) -> float | None:
        """When to call `tick` next, in seconds; None: not before something else happens."""
        return earliest(
            self._transactions.deadline(),
            self._registration.deadline(),
            self.calls.deadline(),
            self._connector.deadline(quiet=self._is_quiet),
            self._keepalive.deadline() if self.flow is not None else None,
        )

    def take_actions(self) -> list[Action]:
        """Return the actions to perform, in order, and clear the list."""
        actions, self._actions = self._actions, []
        return actions

    def take_events(self) -> list[events.Event]:
        """Return the new events, in order, and clear the list."""
        happened, self._events = self._events, []
        return happened

    def take_call_events(self) -> list[CallEvent]:
        """Return the new call events, in order, and clear the list."""
        happened, self._call_events = self._call_events, []
        return happened

    @property
    def flow(self) -> Flow | None:
        """The open connection; None while there is none."""
        is_open = self._connector.state is ConnectorState.OPEN
        return self._connector.flow if is_open else None

    @property
    def is_registered(self) -> bool:
        """True if a binding of ours is alive."""
        return self._registration.is_registered

    @property
    def is_stopped(self) -> bool:
        """True once `stop` has finished: not registered, not connected."""
        return self._stopping and self._connector.state is ConnectorState.IDLE

    # What its parts ask of it (transactions.Wire, registration.RegistrationOwner)

    def send(self, flow: Flow, message: Request | Response) -> None:
        """Queue a message; the owner drops it if its connection is gone."""
        if self.debug_log.is_read:
            self.debug_log("-> %s", describe_message(message))
        self._actions.append(Transmit(flow, encode(message)))

    def ignored(self, what: str) -> None:
        """Note input that had no effect."""
        self._actions.append(Note(what))

    def emit(self, event: events.Event) -> None:
        """Queue an event."""
        self._events.append(event)

    def emit_call(self, event: CallEvent) -> None:
        """Queue an event of a call."""
        self._call_events.append(event)

    def registered(self, flow_timer: int | None, now: float) -> None:
        """A REGISTER succeeded: the server works, and may want keep-alives."""
        self._connector.proved()
        self._keepalive.start(flow_timer, now)

    def give_up_flow(
        self,
        flow: Flow,
        reason: str,
        now: float,
        announce: Callable[[float | None], None] = lambda _: None,
    ) -> None:
        """Close a connection that does not work, and try another server.

        `announce` is called first with the seconds until that attempt; None: there is none.
        """
        effects = self._connector.drop(flow, reason, now)
        announce(next((one.retry_in_s for one in effects if isinstance(one, Disconnected)), None))
        self._carry_out(effects, now)

    def has_another(self) -> bool:
        """True if another server could be tried."""
        return self._connector.has_another

    # Inside

    def _keep_alive(self, flow: Flow, now: float) -> None:
        match self._keepalive.due(now):
            case KeepaliveDue.PING:
                self._actions.append(Transmit(flow, PING))
            case KeepaliveDue.WARNING:
                self.emit(events.Warned(text=UNANSWERED))
            case KeepaliveDue.DEATH:
                self.give_up_flow(flow, "the server stopped answering keep-alives", now)
            case KeepaliveDue.NOTHING:
                pass

    @property
    def _is_quiet(self) -> bool:
        """True if moving to another connection would disturb nothing."""
        settled = RegistrationState.REGISTERED if self._registers else RegistrationState.OFF
        is_busy = self._transactions.is_busy or not self.calls.is_idle
        return self._registration.state is settled and not is_busy

    def _received_message(self, flow: Flow, data: bytes, now: float) -> None:
        parsed = parse(data)
        message = parsed.message
        if message is not None and self.debug_log.is_read:
            self.debug_log("<- %s", describe_message(message))
        match message:
            case None:
                self.ignored(f"no SIP message: {parsed.faults[-1].reason}")
                fault = parsed.faults[-1]
                self._transactions.note_dropped(self._faults.unknown(data, fault, now))
            case Response():
                self._received_response(message, now)
            case Request():
                self._received_request(flow, message, now)

    def _received_response(self, response: Response, now: float) -> None:
        """Use what can be read of a response, and report its faults."""
        if len(response.headers.values("Via")) > 1:
            self.ignored(f"{response.status}: {NOT_FOR_US.reason}")
            self._dropped(response, NOT_FOR_US, now)
            return
        matched = self._transactions.receive_response(response, now)
        faults = tuple(dict.fromkeys((*response.faults, *check(response))))
        if matched.fault is not None:
            self._dropped(response, matched.fault, now)
        elif matched.is_ours:
            for fault in faults:
                self._faults.used(response, fault, now)
        elif faults:
            self._dropped(response, faults[0], now)

    def _dropped(self, response: Response, fault: Fault, now: float) -> None:
        text = self._faults.dropped(response, fault, now)
        self._transactions.note_dropped(text, response)

    def _received_request(self, flow: Flow, request: Request, now: float) -> None:
        faults = check(request)
        refusal = uas_checks.refuse_faults(faults)
        if request.method == "ACK" and is_matchable(request):
            refusal = None  # it confirms the dialog: dropping it would end the call
        if refusal is None:
            for fault in dict.fromkeys((*request.faults, *faults)):
                self._faults.used(request, fault, now)
            inbound = self._transactions.receive_request(request, flow, now)
            if inbound is not None:
                self._server.receive(inbound, now)
            return
        self._faults.refused(request, faults[0], now)
        if request.method == "ACK":
            self.ignored(f"an ACK with a fault: {refusal.reason}")
        else:
            tag = self._identity.new_tag()
            self.send(flow, build.response(request, refusal.status, refusal.reason, to_tag=tag))

    def _flow_gone(self, flow: Flow, now: float) -> None:
        self._registration.flow_down(flow)  # first, so that nothing more is sent there
        self._transactions.flow_lost(flow, now)
        self.calls.flow_lost(flow, now)

    def _step_done(self, now: float) -> None:
        """Forget finished calls; close once `stop` has nothing left to wait for."""
        self.calls.sweep()
        if not self._stopping:
            return
        if self._registration.state is RegistrationState.OFF and self.calls.is_idle:
            self._carry_out(self._connector.stop(), now)

    def _carry_out(self, effects: Iterable[Action | events.Event], now: float) -> None:
        for effect in effects:
            if isinstance(effect, events.Event):
                self.emit(effect)
            else:
                self._actions.append(effect)
                if isinstance(effect, Close):
                    self._flow_gone(effect.flow, now)
