"""Runs the user agent on the asyncio event loop: owns the sockets and the timer."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self, TypeAlias

from sipcli.config.settings import Settings
from sipcli.core.agent import UserAgent
from sipcli.core.agent_actions import Action, Close, DebugLine, Note, Open, Transmit
from sipcli.core.calls.events import CallEvent, Ended, InfoEvent, OfferEvent
from sipcli.core.connection.flow import Flow
from sipcli.core.describe import describe
from sipcli.core.requests.credentials import Credentials
from sipcli.core.requests.exchange import Outcome
from sipcli.journal.journal import Journal
from sipcli.net.dial import dial
from sipcli.net.errors import DialError, LinkClosed
from sipcli.net.link import Link
from sipcli.net.link_options import LinkOptions
from sipcli.phone.connections import Connection, Connections
from sipcli.phone.disturbance import HARMLESS_SLEEP_S, Disturbances
from sipcli.phone.event_translation import phone_event
from sipcli.phone.events import Connected, PhoneEvent, Registered, Warned
from sipcli.phone.registration_status import RegistrationStatus
from sipcli.phone.spawned import Spawned
from sipcli.sip.uri import Uri

_LOGGER: Final = logging.getLogger(__name__)
UNREGISTER_TIMEOUT_S: Final = 2.0
"""Seconds to wait at the end for the responses of far ends and registrar."""
TASKS_TIMEOUT_S: Final = 2.4
"""Seconds at the end after which spawned tasks are cancelled, too."""
PROBE_TIMEOUT_S: Final = 2.0
"""Seconds that a server gets to answer a probe of a doubtful connection."""
CLOSE_TIMEOUT_S: Final = 0.4
"""Seconds that a WebSocket then gets for its closing handshake: less than 3 s in all."""
UNCONFIRMED: Final = (
    "the server did not confirm in time that we ended: its state of us will expire on its own"
)
"""The warning if a BYE or the last REGISTER was not confirmed."""

OnPhoneEvent: TypeAlias = Callable[[PhoneEvent], None]
OnCoreCallEvent: TypeAlias = Callable[[CallEvent], None]


class UserAgentRunner:
    """One account, connected and registered as its settings say, from `async with` to its end.

    `on_event` and `on_call_event` are called on the loop's thread for each event, after the
    step that caused it. A `patient` phone tries again for ever; else the first round of
    servers that all failed, or the first refused registration, is the end.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None,
        on_event: OnPhoneEvent,
        *,
        retry_forever: bool,
        takes_calls: bool = False,
        journal: Journal | None = None,
    ) -> None:
        self._link_options = LinkOptions.from_settings(settings)
        self._on_event = on_event
        self._untold: deque[PhoneEvent | CallEvent] = deque()
        self._is_telling = False
        self.journal = journal or Journal()
        """What this phone records."""
        draw = secrets.SystemRandom().random
        self._agent = UserAgent(
            settings,
            credentials,
            lambda: secrets.token_hex(16),
            draw,
            retry_forever=retry_forever,
            takes_calls=takes_calls,
        )
        self._connections = Connections(self.journal)
        self._tasks = asyncio.TaskGroup()
        self._timekeeper: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.registration = RegistrationStatus(registers=settings.register)
        """The state of the connection and the registration."""
        self._spawned = Spawned()
        self._disturbances = Disturbances(self._remotes, self._network_changed, self._woken)
        self.on_call_event: OnCoreCallEvent = lambda _: None
        """Called with each event of a call; set by the call manager."""
        self.media_remotes: Callable[[], Iterable[str]] = tuple
        """Returns the IP addresses that media are sent to; set by the call manager."""
        self.on_disturbed: Callable[[], None] = lambda: None
        """Called after a change of network or a sleep of this machine; set by the call manager."""

    async def __aenter__(self) -> Self:
        self._spawned.enter()
        await self._tasks.__aenter__()
        self._timekeeper = self._tasks.create_task(self._keep_time())
        try:
            self._disturbances.start()
            with self.step() as (agent, now):
                agent.start(now)
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._spawned.leave():
            kind = error = traceback = None
        try:
            await self.close()
        except asyncio.CancelledError as cancelled:  # from outside, or a task of ours failed
            kind, error, traceback = type(cancelled), cancelled, cancelled.__traceback__
        self._disturbances.stop()
        try:
            # A task group would wrap the body's own error: it is shown cancellations alone.
            if isinstance(error, asyncio.CancelledError):
                await self._tasks.__aexit__(kind, error, traceback)
            else:
                await self._tasks.__aexit__(None, None, None)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            if self._spawned.crash is not None:
                raise self._spawned.crash

    async def ready(self) -> Connected | Registered:
        """Wait until registered (or connected, where the settings say not to register).

        Raises `ConnectError`, `RegistrationError` (`MissingPassword` where one would help)
        or `NoAnswerError` once there is no further attempt.
        """
        while self.registration.ready is None:
            if self.registration.failure is not None:
                raise self.registration.failure
            self._changed.clear()
            await self._changed.wait()
        return self.registration.ready

    async def ping(self, target: Uri) -> Outcome:
        """Send OPTIONS and return the outcome (RFC 3261 §11)."""
        return await self._outcome(lambda agent, settle, now: agent.ping(target, settle, now))

    async def send_message(self, target: Uri, text: str) -> Outcome:
        """Send an instant message and return the outcome (RFC 3428)."""
        return await self._outcome(
            lambda agent, settle, now: agent.send_message(target, text, settle, now)
        )

    async def _outcome(
        self, send: Callable[[UserAgent, Callable[[Outcome], None], float], None]
    ) -> Outcome:
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def settle(found: Outcome) -> None:
            if not outcome.done():  # otherwise no one waits for it any more
                outcome.set_result(found)

        with self.step() as (agent, now):
            send(agent, settle, now)
        return await outcome

    def retry_forever_from_now(self) -> None:
        """From now on try again for ever: there is more to lose than a connection."""
        with self.step() as (agent, _):
            agent.retry_forever_from_now()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` in the background; an error in it ends the phone, which waits for it.

        It does not run in the task group, which would close the connections at the first error:
        BYE and REGISTER must still be sent, and `work` may even start at that point.
        """
        return self._spawned.spawn(work)

    def found_bug(self, error: Exception) -> None:
        """Warn of `error` now, and raise it when the phone ends, if it is the first.

        The caller has ended what failed; the other calls go on.
        """
        if self._spawned.keep(error):
            text = f"a bug in sipcli: {type(error).__name__}: {error}"
            self._tell_of(Warned(text=text))

    def probe(self) -> None:
        """Probe each open connection; dial anew at once if it does not answer within 2 s."""
        for flow, connection in self._connections.items():
            link = connection.link
            if link is not None and not (self.registration.is_ending or connection.is_being_probed):
                connection.probing = self._tasks.create_task(self._probe(flow, link))

    async def _probe(self, flow: Flow, link: Link) -> None:
        if await link.check_alive(PROBE_TIMEOUT_S):
            return
        while self._agent.flow == flow:  # the link is closed, which arrives as an event in a moment
            self._changed.clear()
            await self._changed.wait()
        with self.step() as (agent, now):
            agent.dial_now(now)

    async def probed(self) -> None:
        """Wait until a connection has answered a probe sent from now on.

        This may take for ever.
        """
        while True:
            flow = self._agent.flow
            link = self._connections.link(flow)
            if link is not None and await link.check_alive(PROBE_TIMEOUT_S):
                return
            if self._agent.flow == flow:
                self._changed.clear()
                await self._changed.wait()

    def _remotes(self) -> Iterator[str]:
        """Yield the IP addresses of servers and media."""
        yield from self._connections.remotes()
        yield from self.media_remotes()

    def _network_changed(self) -> None:
        _LOGGER.debug("the network of this machine has changed")
        with self.step() as (agent, now):
            agent.dial_now(now)
        self.probe()
        self.on_disturbed()

    def _woken(self, seconds: float) -> None:
        """Handle a sleep of `seconds` in which this process did not run."""
        if self.registration.is_ending:
            return
        _LOGGER.debug("nothing ran here for %.1f s", seconds)
        with self.step() as (agent, now):
            agent.slept(seconds, now)
        if seconds > HARMLESS_SLEEP_S:
            self.probe()
            self.on_disturbed()

    async def close(self) -> None:
        """End calls, unregister and disconnect, within 3 seconds whatever the far ends do."""
        self.registration.is_ending = True
        with self.step() as (agent, now):
            agent.stop(now)
        begun = asyncio.get_running_loop().time()
        try:
            # Not asyncio.timeout: before Python 3.11.3 it is none in a task that was cancelled.
            await asyncio.wait_for(self._stopped(), UNREGISTER_TIMEOUT_S)
        except TimeoutError:
            _LOGGER.debug("not everything was confirmed in time at the end")
            self._tell_of(Warned(text=UNCONFIRMED))
        await self._spawned.wait(begun + TASKS_TIMEOUT_S)
        if self._timekeeper is not None:
            self._timekeeper.cancel()
        for flow in self._connections:
            self._close(flow)

    async def _stopped(self) -> None:
        while not self._agent.is_stopped:
            self._changed.clear()
            await self._changed.wait()

    @contextmanager
    def step(self) -> Iterator[tuple[UserAgent, float]]:
        """Lend the core for one synchronous step; on exit, carry out its actions and events.

        An event handler may take a step of its own: the events of that step are queued, so that
        all handlers receive events in the same order.
        """
        self._agent.debug_log.is_read = _LOGGER.isEnabledFor(logging.DEBUG)
        yield self._agent, self._disturbances.now()
        for action in self._agent.take_actions():
            self._carry_out(action)
        self._changed.set()
        self._tell_of(*map(phone_event, self._agent.take_events()), *self._agent.take_call_events())
        while self._agent.calls.bugs:
            self.found_bug(self._agent.calls.bugs.pop(0))

    def _tell_of(self, *told: PhoneEvent | CallEvent) -> None:
        """Deliver these events after all earlier ones. All events are delivered here."""
        self._untold += told
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._untold:
                event = self._untold.popleft()
                if isinstance(event, PhoneEvent):
                    self.registration.on_event(event, asyncio.get_running_loop().time())
                    self._on_event(event)
                else:
                    is_read = self._agent.debug_log.is_read
                    if is_read and isinstance(event, OfferEvent | InfoEvent | Ended):
                        _LOGGER.debug("%s", describe(event))  # a user sees no such event
                    self.on_call_event(event)
        finally:
            self._is_telling = False

    async def _keep_time(self) -> None:
        """Tick at each deadline. It runs in the task group, so that a bug in it is not lost."""
        while True:
            self._changed.clear()
            due = self._agent.deadline()
            try:
                async with asyncio.timeout_at(
                    None if due is None else due + self._disturbances.behind
                ):
                    await self._changed.wait()
            except TimeoutError:
                with self.step() as (agent, now):
                    agent.tick(now)

    def _carry_out(self, action: Action) -> None:
        match action:
            case Open(flow):
                self._connections[flow] = Connection(
                    self._tasks.create_task(self._serve(flow), name=f"link to {flow.server}")
                )
            case Transmit(flow, data):
                self._connections.send(flow, data)
            case Close(flow):
                self._close(flow)
            case Note(text) | DebugLine(text):
                _LOGGER.debug("%s", text)

    def _close(self, flow: Flow) -> None:
        connection = self._connections.get(flow)
        if connection is not None and not connection.closing:
            connection.closing = True  # ends its read loop
            if connection.probing is not None:
                connection.probing.cancel()
            if connection.task is not asyncio.current_task():
                connection.task.cancel()

    async def _serve(self, flow: Flow) -> None:
        """Dial one flow and read from it until it closes."""
        try:
            await self._dial_and_read(flow)
        finally:
            del self._connections[flow]

    async def _dial_and_read(self, flow: Flow) -> None:
        connection = self._connections[flow]
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            link = await dial(flow.server, self._link_options, self.journal)
        except DialError as failure:
            with self.step() as (agent, now):
                agent.connect_failed(flow, failure.phase, failure.reason, now)
            return
        connection.link = link
        _LOGGER.debug("%s", link.details.summary)
        elapsed = loop.time() - begun
        try:
            for text in link.details.warnings:
                self._tell_of(Warned(text=text))
            with self.step() as (agent, now):
                agent.opened(flow, elapsed, now)
            while not connection.closing:
                self._received(flow, await self._connections.receive(flow, link))
        except LinkClosed as closed:
            if not connection.closing:
                with self.step() as (agent, now):
                    agent.closed(flow, closed.code, closed.reason, now)
        finally:
            await link.close(timeout=CLOSE_TIMEOUT_S)

    def _received(self, flow: Flow, data: bytes) -> None:
        """Pass a message to the core; a bug that it triggers must not end the calls."""
        try:
            with self.step() as (agent, now):
                agent.received(flow, data, now)
        except Exception as error:
            if self._agent.calls.is_idle:
                raise
            self.found_bug(error)
