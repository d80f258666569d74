"""A phone of the account that the doctor uses for its checks."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.media.audio_io.generators import NullSink, Silence
from sipcli.media.session.media_config import MediaConfig
from sipcli.phone.audio_endpoints import AudioEndpoints
from sipcli.phone.call_manager import CallManager
from sipcli.phone.echo import Echo
from sipcli.phone.events import (
    CallEvent,
    Connected,
    PhoneEvent,
    Registered,
    RegistrationFailed,
)
from sipcli.phone.managed_call import Call
from sipcli.phone.observer import Observer
from sipcli.phone.runner import UserAgentRunner
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri

TEMPORARILY_UNAVAILABLE: Final = 480


class ProbePhone:
    """A phone with calls. Use it with `async with`; `runner.ready` raises if it does not work.

    With `echoes` it answers calls from its own address and sends back what it hears;
    other callers get 480.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None,
        observer: Observer,
        *,
        echoes: bool = False,
    ) -> None:
        # A far end must not transfer the test call to another phone.
        settings = replace(settings.unattended, transfers=PeerPolicy(Permission.REFUSE))
        self.settings = settings
        self.on_call_event: Callable[[CallEvent], None] = lambda _: None
        """Called with the events of calls; set it before placing one."""
        self.server: WsServer | None = None
        """The server that it is, or was last, connected to."""
        self.registered: Registered | None = None
        self.refused: RegistrationFailed | None = None
        self.call_manager = CallManager(
            MediaConfig.from_settings(settings, include_loopback=settings.is_local),
            lambda event: self.on_call_event(event),
            make_sound=lambda: AudioEndpoints(Silence(), NullSink()),
            on_incoming=self._on_incoming,
        )
        self.runner = UserAgentRunner(
            settings,
            credentials,
            self._on_event,
            retry_forever=False,
            on_call_event=self.call_manager.on_event,
            takes_calls=echoes,
            observer=observer,
        )
        self.call_manager.connect(self.runner)

    async def __aenter__(self) -> Self:
        await self.runner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.runner.__aexit__(kind, error, traceback)

    def _on_event(self, event: PhoneEvent) -> None:
        match event:
            case Connected(server=name):
                self.server = next(one for one in self.settings.ws_servers if str(one) == name)
            case Registered():
                self.registered = event
            case RegistrationFailed():
                self.refused = event
            case _:
                pass

    def _on_incoming(self, call: Call) -> None:
        # The core takes no requests during the step that reports the call.
        asyncio.get_running_loop().call_soon(self._greet, call)

    def _greet(self, call: Call) -> None:
        if self._is_ourselves(call.remote):
            echo = Echo()
            call.answer(AudioEndpoints(echo, echo))
        else:
            call.reject(TEMPORARILY_UNAVAILABLE)

    def _is_ourselves(self, sender: str) -> bool:
        try:
            uri = SipUri.parse(sender)
        except Malformed:
            return False
        return (uri.user, uri.host) == (self.settings.uri.user, self.settings.uri.host)
