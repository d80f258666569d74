"""`Phone`: one account with its calls and messages."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

from sipcli.core.calls.target import resolve
from sipcli.core.requests import exchange
from sipcli.core.requests.exchange import Outcome
from sipcli.core.requests.route import lack_of_secure_servers
from sipcli.errors import ConfigError, ConnectError, NoAnswerError, Phase, SipcliError
from sipcli.expect.tone_tap import ToneTap
from sipcli.log import LOGGER
from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.session.media_config import MediaConfig
from sipcli.phone import events
from sipcli.phone.audio_endpoints import AudioEndpoints, OpenSink, OpenSource
from sipcli.phone.audio_meters import AudioMeters
from sipcli.phone.call import Call
from sipcli.phone.call_manager import CallManager
from sipcli.phone.call_state import AudioIn, AudioOut
from sipcli.phone.extra_headers import extra_header
from sipcli.phone.managed_call import Call as ManagedCall
from sipcli.phone.phone_config import AudioOptions, OnEvent, PhoneConfig
from sipcli.phone.request_errors import failure
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.shown import shown
from sipcli.phone.waiter import TIMEOUT, Waiter
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import Uri

MAX_MESSAGES: Final = 1000
"""Number of instant messages kept until they are fetched; the oldest are dropped first."""
TEMPORARILY_UNAVAILABLE: Final = 480
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
        self._calls: dict[str, Call] = {}
        self._ringing: list[Call] = []
        self._missed: Call | None = None
        self._messages: deque[events.InstantMessage] = deque(maxlen=MAX_MESSAGES)
        self._is_entered: bool | None = None
        """True inside the `async with`, False after it; None before it."""
        self.call_manager = CallManager(
            MediaConfig.from_settings(config.settings, include_loopback=config.settings.is_local),
            self._on_call_event,
            make_sound=self._sound,
            on_incoming=config.on_ring or self._ring,
        )
        """The calls one layer below, which the keys and the script of a command act on."""
        self.runner = UserAgentRunner(
            config.settings,
            config.credentials,
            self._on_phone_event,
            retry_forever=config.retry_forever,
            on_call_event=self.call_manager.on_event,
            takes_calls=config.takes_calls,
            observer=config.observer,
        )
        """The signalling one layer below."""
        self.call_manager.connect(self.runner)

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
        await self.runner.__aenter__()
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
        self.call_manager.stop()
        with self.runner.step() as (agent, now):
            agent.calls.stop(now)
        with suppress(TimeoutError):
            # Not asyncio.timeout: before Python 3.11.3 it is none in a task that was cancelled.
            await asyncio.wait_for(self.call_manager.all_over(), CALLS_TIMEOUT_S)

    async def _leave(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.runner.__aexit__(kind, error, traceback)
        finally:
            self._is_entered = False

    @property
    def uri(self) -> str:
        """Our address of record."""
        return str(self._config.settings.uri)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that have not ended, oldest first."""
        return tuple(call for call in self._calls.values() if not call.is_over)

    async def register(self, *, timeout: float = TIMEOUT) -> events.Registered | events.Connected:
        """Wait until registered (with `register=False`: connected), and return that event.

        Registration starts on its own, and every call, message and ping waits for it. Raises
        `ConnectError`, `RegistrationError` or `NoAnswerError`; outside of the phone's
        `async with`, where the wait could never end, `RuntimeError`.
        """
        if not self._is_entered:
            raise RuntimeError("a Phone works only inside its `async with`")
        try:
            return await asyncio.wait_for(self.runner.ready(), timeout)
        except SipcliError as error:
            raise shown(error) from None
        except TimeoutError:
            raise shown(self._unready(f"within {timeout:g} s")) from None

    async def call(
        self,
        target: str,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        timeout: float = TIMEOUT,
    ) -> Call:
        """Call `target`: a SIP URI, `user@host`, a bare user or number, or a `tel:` URI.

        Returns once the INVITE is out, so that a test can answer it at the other end; what comes
        of it is for the waits of the call. `timeout` is that of `register`. Raises what
        `register` does, `ConfigError` for a target or header that cannot be, `DeviceError`, and
        `MediaError` where the machine has no socket left for it.
        """
        uri, fields = self._resolve(target), _fields(headers)
        await self.register(timeout=timeout)
        sound = self._open_sound(audio_in, audio_out)
        try:
            placed = await self.call_manager.place(uri, sound, headers=fields)
        except Malformed as fault:
            raise ConfigError(f"{target!r}: {fault.reason}") from None
        return self._calls[placed.id]

    async def incoming(self, *, timeout: float = TIMEOUT) -> Call:
        """Wait for a call that rings here and has not been returned before; it goes on ringing.

        Raises `NoAnswerError` if none comes, and what `register` raises.
        """
        await self.register(timeout=timeout)
        await self._waiter.until(self._waiting, timeout)
        waiting = self._waiting()
        if waiting is None:
            text = f"no call came in for {self.uri} within {timeout:g} s"
            if self._missed is not None:
                text += f"; an earlier one from {self._missed.remote} has gone"
            raise NoAnswerError(text)
        self._ringing.remove(waiting)
        return waiting

    async def answer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> Call:
        """Wait for a call as `incoming` does, and answer it; return once it is answered."""
        call = await self.incoming(timeout=timeout)
        await call.answer(audio_in=audio_in, audio_out=audio_out, timeout=timeout)
        return call

    async def message(self, target: str, text: str, *, timeout: float = TIMEOUT) -> None:
        """Send an instant message and wait until it is accepted (RFC 3428).

        Raises `RefusedError`, `NoAnswerError` or `ConnectError`.
        """
        uri = self._resolve(target)
        await self.register(timeout=timeout)
        await _answered(f"message to {uri}", self.runner.send_message(uri, text), timeout)

    async def received_message(self, *, timeout: float = TIMEOUT) -> events.InstantMessage:
        """Wait for the next instant message, and return it. Raises `NoAnswerError`."""
        if not await self._waiter.until(lambda: self._messages, timeout):
            raise NoAnswerError(f"no message came within {timeout:g} s")
        return self._messages.popleft()

    async def ping(self, target: str, *, timeout: float = TIMEOUT) -> float:
        """Send OPTIONS; return the round-trip time in ms (RFC 3261 §11).

        Raises `RefusedError`, `NoAnswerError` or `ConnectError`.
        """
        uri = self._resolve(target)
        await self.register(timeout=timeout)
        return 1000 * await _answered(f"ping {uri}", self.runner.ping(uri), timeout)

    # Inside

    def _unready(self, bound: str) -> SipcliError:
        """Return why we are not registered yet or, with `register=False`, not connected."""
        registration = self.runner.registration
        if registration.is_connected:
            return NoAnswerError(
                f"{registration.server} is connected, and the registrar has not answered {bound}",
                Phase.REGISTRATION,
            )
        if registration.outage is not None:
            return ConnectError(f"{registration.outage.text} {bound}")
        return ConnectError(f"no server was connected {bound}")

    def _on_phone_event(self, event: events.PhoneEvent) -> None:
        match event:
            case events.InstantMessage(direction="received"):
                self._messages.append(event)
            case _:
                pass
        self._pass_on(event)

    def _on_call_event(self, event: events.CallEvent) -> None:
        match event:
            case events.Calling(call=name) | events.Incoming(call=name):
                self._calls = {call.id: call for call in self._calls.values() if not call.is_over}
                begun = next(call for call in self.call_manager.calls if call.id == name)
                self._calls[name] = self._wrap(begun)
            case events.Answered():
                self.runner.retry_forever_from_now()  # a call outlives its WebSocket: reconnect
            case _:
                pass
        call = self._calls.get(getattr(event, "call", ""))
        if call is not None:
            call.on_event(event)
        self._pass_on(event)

    def _pass_on(self, event: events.Event) -> None:
        self._waiter.change()
        self._config.on_event(event)

    def _wrap(self, call: ManagedCall) -> Call:
        return Call(
            call,
            self.runner,
            self._waiter,
            self._open_sound,
            self._resolve,
            self.call_manager,
            lambda name: self._calls[name],
        )

    def _ring(self, call: ManagedCall) -> None:
        if call.takes_place:  # of a call that we are in: it is answered at once
            asyncio.get_running_loop().call_soon(self._take_place, call)
        else:
            self._waiting()  # drops calls that have gone, for phones that never ask
            self._ringing.append(self._calls[call.id])
            self._waiter.change()

    def _take_place(self, call: ManagedCall) -> None:
        try:
            call.answer(self._sound())
        except SipcliError as error:
            LOGGER.warning("a call that takes another's place was refused: %s", error)
            call.reject(TEMPORARILY_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - it ends this call, not the phone
            call.fail(error)

    def _waiting(self) -> Call | None:
        """Return the call that has rung longest; drop those that no longer ring."""
        gone = [call for call in self._ringing if not call.is_ringing]
        if gone:
            self._missed = gone[-1]
            self._ringing = [call for call in self._ringing if call.is_ringing]
        return self._ringing[0] if self._ringing else None

    def _sound(self) -> AudioEndpoints:
        """Return the default audio, for a call that the script did not place or answer."""
        return self._open_sound(None, None)

    def _open_sound(self, audio_in: AudioIn | None, audio_out: AudioOut | None) -> AudioEndpoints:
        """Open the audio of one call. Raises `ConfigError` and `DeviceError`."""
        taps = (ToneTap(), AudioMeters(self._waiter.change))
        with ExitStack() as undo:
            source: OpenSource | None = (
                parse_source(audio_in).open(LOGGER.warning)
                if isinstance(audio_in, str)
                else audio_in
            )
            if source is not None:
                undo.callback(source.close)
            sink: OpenSink | None = (
                parse_sink(audio_out).open(LOGGER.warning)
                if isinstance(audio_out, str)
                else audio_out
            )
            if sink is not None:
                undo.callback(sink.close)
            sound = self._config.open_sound(*taps, source=source, sink=sink)
            undo.pop_all()
        return sound

    def _resolve(self, target: str) -> Uri:
        """Return the URI of a target. Raises `ConfigError`."""
        settings = self._config.settings
        try:
            uri = resolve(target, settings.uri)
        except Malformed as fault:
            raise ConfigError(f"{target!r}: {fault.reason}") from None
        lack = lack_of_secure_servers(uri, settings.ws_servers)
        if lack is not None:
            raise ConfigError(f"{target!r}: {lack}")
        return uri


async def _answered(what: str, request: Awaitable[Outcome], timeout: float) -> float:
    """Wait for a 2xx to a request, described by `what`; return its round-trip time in seconds."""
    try:
        outcome = await asyncio.wait_for(request, timeout)
    except TimeoutError:
        raise NoAnswerError(f"{what}: no answer within {timeout:g} s") from None
    error = failure(what, outcome)
    if error is not None:
        raise shown(error)
    return outcome.rtt if isinstance(outcome, exchange.FinalResponse) else 0.0


def _fields(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(extra_header(name, value) for name, value in headers.items())
    except Malformed as fault:
        raise ConfigError(f"headers: {fault.reason}") from None
