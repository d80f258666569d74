"""A phone of the account that the doctor uses for its checks."""

import asyncio
from dataclasses import replace

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.expect.tone_tap import ToneTap
from sipcli.journal.journal import Journal
from sipcli.media.audio_io.generators import Echo
from sipcli.media.audio_io.open import AudioSink, AudioSource, AudioTap
from sipcli.phone.call import Call
from sipcli.phone.call_audio import AudioEndpoints, AudioSetup
from sipcli.phone.phone import Phone
from sipcli.phone.phone_config import PhoneConfig
from sipcli.sip.grammar import Malformed
from sipcli.sip.status import TEMPORARILY_UNAVAILABLE
from sipcli.sip.uri import SipUri


class ProbePhone(Phone):
    """A phone that measures the tones that its calls receive, unattended and never transferred.

    With `echoes` it answers calls from its own address and sends back what it hears instead;
    other callers get 480.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None,
        journal: Journal,
        *,
        echoes: bool = False,
    ) -> None:
        # A far end must not transfer the test call to another phone.
        settings = replace(settings.unattended, transfers=PeerPolicy(Permission.REFUSE))
        super().__init__(
            PhoneConfig(
                settings=settings,
                credentials=credentials,
                open_sound=AudioSetup.silent().open if echoes else _with_tone_tap,
                takes_calls=echoes,
                on_ring=self._on_ring,
                journal=journal,
            )
        )

    @property
    def server(self) -> WsServer | None:
        """The server that it is connected to; None without a connection."""
        name = self.registration.server
        return next((one for one in self.settings.ws_servers if str(one) == name), None)

    def _on_ring(self, call: Call) -> None:
        # The core takes no requests during the step that reports the call.
        asyncio.get_running_loop().call_soon(self._greet, call)

    def _greet(self, call: Call) -> None:
        if self._is_ourselves(call.remote):
            echo = Echo()
            call.answer(audio_in=echo, audio_out=echo)
        else:
            call.reject(TEMPORARILY_UNAVAILABLE)

    def _is_ourselves(self, sender: str) -> bool:
        try:
            uri = SipUri.parse(sender)
        except Malformed:
            return False
        return (uri.user, uri.host) == (self.settings.uri.user, self.settings.uri.host)


def _with_tone_tap(
    *taps: AudioTap, source: AudioSource | None = None, sink: AudioSink | None = None
) -> AudioEndpoints:
    return AudioSetup.silent().open(ToneTap(), *taps, source=source, sink=sink)
