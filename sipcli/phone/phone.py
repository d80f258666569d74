"""`Phone`: one account with its calls and messages.

What its calls need is imported late: a phone that only registers, sends messages or pings does
without the media libraries, which load slowly.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from sipcli.config.settings import Settings
from sipcli.core.calls.target import resolve_callee
from sipcli.core.describe import describe_fields
from sipcli.core.requests import exchange
from sipcli.core.requests.exchange import Outcome
from sipcli.errors import ConfigError, ConnectError, NoAnswerError, Phase, SipcliError
from sipcli.journal.entries import EventEntry
from sipcli.journal.journal import Journal
from sipcli.phone import events
from sipcli.phone.errors import PingResult, failure, ping_result, shown
from sipcli.phone.extra_headers import extra_header
from sipcli.phone.phone_config import AudioOptions, OnEvent, PhoneConfig
from sipcli.phone.registration_status import RegistrationStatus
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.waiter import FOREVER, TIMEOUT, CallAction, Waiter, within
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import Uri

if TYPE_CHECKING:
    from sipcli.phone.call import Call
    from sipcli.phone.call_audio import AudioIn, AudioOut
    from sipcli.phone.call_manager import CallManager

_LOGGER: Final = logging.getLogger(__name__)
MAX_MESSAGES: Final = 1000
"""Number of instant messages kept until they are fetched; the oldest are dropped first."""
CALLS_TIMEOUT_S: Final = 0.5
"""Seconds that calls get to close their media before the phone disconnects."""


class Phone:
    """A softphone. Use it with `async with`: it connects and registers, and hangs up at the end.

    `Phone(uri=…, ws_servers=…, password=…)` takes the settings of contract §1 by name, with the
    types of the configuration file; it reads no file and no environment variable.
    `Phone.configured` starts from the user's own configuration. `audio_in`, `audio_out` and
    `record` take the values of the options of those names; the default needs no sound card.
    `on_event` is called with every event of contract §4, on the loop's thread.

    Raises `ConfigError` and `DeviceError`. Times are in seconds.
    """

    def __init__(
        self,
        config: PhoneConfig | None = None,
        /,
        *,
        audio_in: str | None = None,
        audio_out: str | None = None,
        record: str | None = None,
        on_event: OnEvent | None = None,
        **settings: object,
    ) -> None:
        """`config`, which the commands pass, replaces all other arguments."""
        if config is None:
            audio = AudioOptions(audio_in=audio_in, audio_out=audio_out, record=record)
            config = PhoneConfig.of_arguments(settings, audio, on_event)
        self._config = config
        self._waiter = Waiter()
        self._listeners: list[OnEvent] = []
        self._messages: deque[events.InstantMessage] = deque(maxlen=MAX_MESSAGES)
        self._is_entered: bool | None = None
        """True inside the `async with`, False after it; None before it."""
        self._runner = UserAgentRunner(
            config.settings,
            config.credentials,
            self._tell,
            retry_forever=config.retry_forever,
            takes_calls=config.takes_calls,
            journal=config.journal,
        )
        self._book = self._call_manager() if config.open_sound is not None else None
        """Its calls; None if it has none."""
        if config.on_event is not None:
            self.subscribe(config.on_event)

    @classmethod
    @asynccontextmanager
    async def configured(
        cls,
        *,
        config: Path | None = None,
        profile: str | None = None,
        audio_in: str | None = None,
        audio_out: str | None = None,
        record: str | None = None,
        on_event: OnEvent | None = None,
        **settings: object,
    ) -> AsyncIterator[Self]:
        """A phone configured as the commands are: `settings`, then environment, profile, file.

        Raises `ConfigError` and `DeviceError`.
        """
        audio = AudioOptions(audio_in=audio_in, audio_out=audio_out, record=record)
        with PhoneConfig.configured(config, profile, settings, audio, on_event) as phone_config:
            async with cls(phone_config) as phone:
                yield phone

    async def __aenter__(self) -> Self:
        if self._is_entered is not None:
            raise RuntimeError("a Phone can be entered only once: create another one")
        await self._runner.__aenter__()
        self._is_entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._end_calls()
        finally:
            await self._leave(kind, error, traceback)

    async def _end_calls(self) -> None:
        """End all calls, and let them report how they ended before the phone disconnects."""
        if self._book is None:
            return
        self._book.stop()
        with self._runner.step() as (agent, now):
            agent.calls.stop(now)
        with suppress(TimeoutError):
            await within(CALLS_TIMEOUT_S, self._book.all_over())

    async def _leave(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._runner.__aexit__(kind, error, traceback)
        finally:
            self._is_entered = False

    @property
    def uri(self) -> str:
        """Our address of record."""
        return str(self._config.settings.uri)

    @property
    def settings(self) -> Settings:
        """The settings in force. Secrets do not appear in their `repr`."""
        return self._config.settings

    @property
    def journal(self) -> Journal:
        """What the phone records while somebody listens (`sipcli.journal`)."""
        return self._config.journal

    @property
    def registration(self) -> RegistrationStatus:
        """The state of the connection and the registration."""
        return self._runner.registration

    @property
    def calls(self) -> "tuple[Call, ...]":
        """The calls that have not ended, oldest first."""
        return self._book.calls if self._book is not None else ()

    @property
    def current(self) -> "Call | None":
        """The newest active call, else the newest on hold, else the newest that rings."""
        return self._book.current if self._book is not None else None

    @property
    def ringing(self) -> "Call | None":
        """The incoming call that has rung longest and is neither answered nor rejected."""
        return self._book.ringing if self._book is not None else None

    @property
    def asking(self) -> "Call | None":
        """The oldest call with a transfer or redirect that waits for our decision."""
        return self._book.asking if self._book is not None else None

    def find_call(self, call_id: str) -> "Call | None":
        """Return the call with this Call-ID, as events have it; None if it has ended."""
        return next((call for call in self.calls if call.id == call_id), None)

    def subscribe(self, on_event: OnEvent) -> None:
        """Call `on_event` with every event (contract §4) from now on, on the loop's thread."""
        self._listeners.append(on_event)

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` in the background. An error in it ends the phone, which waits for it."""
        return self._runner.spawn(work)

    async def register(self, *, timeout: float = TIMEOUT) -> events.Registered | events.Connected:
        """Wait until registered (with `register=False`: connected), and return that event.

        Registration starts on its own, and every call, message and ping waits for it. Raises
        `ConnectError`, `RegistrationError` or `NoAnswerError`; outside of the phone's
        `async with`, where the wait could never end, `RuntimeError`.
        """
        if not self._is_entered:
            raise RuntimeError("a Phone works only inside its `async with`")
        if self.registration.ready is not None:  # at once: an answer may have to win a race
            return self.registration.ready
        try:
            return await within(timeout, self._runner.ready())
        except SipcliError as error:
            raise shown(error) from None
        except TimeoutError:
            raise shown(self._unready(f"within {timeout:g} s")) from None

    async def call(
        self,
        target: str | Uri,
        *,
        audio_in: "AudioIn | None" = None,
        audio_out: "AudioOut | None" = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        timeout: float = TIMEOUT,
    ) -> "Call":
        """Call `target`: a SIP URI, `user@host`, a bare user or number, or a `tel:` URI.

        Returns once the INVITE is out, so that a test can answer it at the other end; what comes
        of it is for the waits of the call. `timeout` is that of `register`. Raises what
        `register` does, `ConfigError` for a target or header that cannot be, `DeviceError`, and
        `MediaError` where the machine has no socket left for it.
        """
        uri, fields = self._resolve(target), _fields(headers)
        await self.register(timeout=timeout)
        try:
            return await self._calls.place(uri, audio_in, audio_out, headers=fields)
        except Malformed as fault:
            raise ConfigError(f"{str(target)!r}: {fault.reason}") from None

    async def incoming(self, *, timeout: float = TIMEOUT) -> "Call":
        """Wait for a call that rings here and has not been returned before; it goes on ringing.

        Raises `NoAnswerError` if none comes, and what `register` raises.
        """
        await self.register(timeout=timeout)
        calls = self._calls
        await self._waiter.until(lambda: calls.is_ringing, timeout)
        call = calls.take_ringing()
        if call is None:
            text = f"no call came in for {self.uri} within {timeout:g} s"
            if calls.missed is not None:
                text += f"; an earlier one from {calls.missed.remote} has gone"
            raise NoAnswerError(text)
        return call

    async def answer(
        self,
        *,
        audio_in: "AudioIn | None" = None,
        audio_out: "AudioOut | None" = None,
        timeout: float = TIMEOUT,
    ) -> "Call":
        """Wait for a call as `incoming` does, and answer it; return once it is answered."""
        call = await self.incoming(timeout=timeout)
        await call.answer(audio_in=audio_in, audio_out=audio_out, timeout=timeout)
        return call

    def hang_up(self, call: "Call") -> CallAction[None]:
        """Hang up `call` and all that it led to by transfers and replacements."""
        self._calls.end(call)
        return CallAction(partial(self.wait_for_end, call))

    async def wait_for_end(self, call: "Call | None" = None, *, timeout: float = FOREVER) -> None:
        """Wait until `call` and all that it led to by transfers and replacements have ended.

        Without `call`, wait until no call is left, and none is being placed for a transfer.
        Raises `TimeoutError` after `timeout` seconds.
        """
        left = self._calls.all_over() if call is None else self._calls.over(call)
        await within(timeout, left)

    async def message(self, target: str | Uri, text: str, *, timeout: float = TIMEOUT) -> None:
        """Send an instant message and wait until it is accepted (RFC 3428).

        Raises `RefusedError`, `NoAnswerError` or `ConnectError`.
        """
        uri = self._resolve(target)
        await self.register(timeout=timeout)
        await _answered(f"message to {uri}", self._runner.send_message(uri, text), timeout)

    async def received_message(self, *, timeout: float = TIMEOUT) -> events.InstantMessage:
        """Wait for the next instant message, and return it. Raises `NoAnswerError`."""
        if not await self._waiter.until(lambda: self._messages, timeout):
            raise NoAnswerError(f"no message came within {timeout:g} s")
        return self._messages.popleft()

    async def ping(self, target: str | Uri, *, timeout: float = TIMEOUT) -> float:
        """Send OPTIONS; return the round-trip time in ms (RFC 3261 §11).

        Raises `RefusedError`, `NoAnswerError` or `ConnectError`.
        """
        uri = self._resolve(target)
        await self.register(timeout=timeout)
        return 1000 * await _answered(f"ping {uri}", self._runner.ping(uri), timeout)

    async def probe(self, target: str | Uri) -> PingResult:
        """Send OPTIONS once; return the result: any response, or none within 32 s."""
        uri = self._resolve(target)
        return ping_result(str(uri), await self._runner.ping(uri))

    # Inside

    @property
    def _calls(self) -> "CallManager":
        if self._book is None:
            raise RuntimeError("this phone has no calls: it is configured without audio")
        return self._book

    def _call_manager(self) -> "CallManager":
        from sipcli.media.session.media_config import MediaConfig
        from sipcli.phone.call_audio import open_by_name
        from sipcli.phone.call_manager import CallManager

        config = self._config
        assert config.open_sound is not None
        media_config = config.media_config or MediaConfig.from_settings(
            config.settings, include_loopback=config.settings.is_local
        )
        return CallManager(
            self._runner,
            media_config,
            self._waiter,
            self._tell,
            open_sound=open_by_name(
                config.open_sound, self._waiter.change if config.has_meters else None
            ),
            resolve=self._resolve,
            on_incoming=config.on_ring,
        )

    def _unready(self, bound: str) -> SipcliError:
        """Return why we are not registered yet or, with `register=False`, not connected."""
        registration = self.registration
        if registration.is_connected:
            text = f"{registration.server} is connected, and the registrar has not answered {bound}"
            return NoAnswerError(text, Phase.REGISTRATION)
        if registration.outage is not None:
            return ConnectError(f"{registration.outage.text} {bound}")
        return ConnectError(f"no server was connected {bound}")

    def _tell(self, event: events.Event) -> None:
        """Take every event of the phone and its calls: log it, and pass it on."""
        if _LOGGER.isEnabledFor(logging.INFO):
            told = event.text if isinstance(event, events.Warned) else describe_fields(event)
            _LOGGER.info("%s", f"{event.name}: {told}".removesuffix(": "))
        if isinstance(event, events.InstantMessage) and event.direction == "received":
            self._messages.append(event)
        elif isinstance(event, events.Answered):
            self._runner.retry_forever_from_now()  # a call outlives its WebSocket: reconnect
        self._waiter.change()
        if self.journal.wants(EventEntry):
            self.journal.record(EventEntry(at=self.journal.now(), event=event))
        for listener in self._listeners:
            listener(event)

    def _resolve(self, target: str | Uri) -> Uri:
        """Return the URI of a target. Raises `ConfigError`."""
        if not isinstance(target, str):
            return target
        try:
            return resolve_callee(target, self._config.settings)
        except Malformed as fault:
            raise ConfigError(f"{target!r}: {fault.reason}") from None


async def _answered(what: str, request: Awaitable[Outcome], timeout: float) -> float:
    """Wait for a 2xx to a request, described by `what`; return its round-trip time in seconds."""
    try:
        outcome = await within(timeout, request)
    except TimeoutError:
        raise NoAnswerError(f"{what}: no answer within {timeout:g} s") from None
    error = failure(what, outcome)
    if error is not None:
        raise shown(error)
    return outcome.rtt if isinstance(outcome, exchange.FinalResponse) else 0.0


def _fields(headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    try:
        return tuple(extra_header(name, value) for name, value in pairs)
    except Malformed as fault:
        raise ConfigError(f"headers: {fault.reason}") from None
