"""The extensions of the sandbox: sipcli phones in the same process, with fixed behavior."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.log import IS_UNLOGGED
from sipcli.media.audio_io.generators import Endless, NullSink, Silence, ToneSource
from sipcli.media.audio_io.tones import Cadence, CadencePart, CadencePlayer, key_tone
from sipcli.media.pcm import FRAME, Pcm, silence
from sipcli.media.session.media_config import MediaConfig
from sipcli.phone.audio_endpoints import AudioEndpoints
from sipcli.phone.call_manager import CallManager
from sipcli.phone.echo import Echo
from sipcli.phone.events import (
    CallEnded,
    CallEvent,
    ConnectFailed,
    Dtmf,
    InstantMessage,
    PhoneEvent,
)
from sipcli.phone.managed_call import Call
from sipcli.phone.runner import UserAgentRunner
from sipcli.sandbox.names import address_of
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri

TONE_HZ: Final = 1000.0
"""The tone that `tone` plays, in Hz."""
PROMPT: Final = Cadence((CadencePart(0.6, (440.0,)), CadencePart(0.2)), repeats=False)
"""The beep that `ivr` plays first."""
MAX_PROMPTS: Final = 20
"""Sounds that `ivr` queues."""
RING_TIMEOUT_S: Final = 7 * 24 * 3600
"""Seconds: `ring` neither answers nor gives up within any real run."""
MAX_CALLS: Final = 100
"""Calls of one extension at a time."""

EXTENSIONS: Final[Mapping[str, str]] = {
    "echo": "answers, and sends back what it hears",
    "tone": f"answers, and plays {TONE_HZ:g} Hz",
    "dtmf": "answers, and repeats the digits it hears",
    "ivr": "answers with a beep, confirms each digit with its tone, hangs up at #",
    "silent": "answers, and sends nothing, as if no audio came through",
    "busy": "is busy: 486",
    "decline": "declines: 603",
    "ring": "rings, and never answers",
    "message": "sends each instant message back",
}
"""Name -> what it does."""


class Extension:
    """One extension, active while `run` runs."""

    def __init__(
        self,
        name: str,
        password: str,
        server: WsServer,
        ca_file: str | None,
        media_config: MediaConfig,
        on_connect_failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        settings = Settings(
            uri=address_of(name),
            instance_id=uuid4(),
            ws_servers=(server,),
            stun_servers=(),
            no_answer_timeout=RING_TIMEOUT_S,
            max_calls=MAX_CALLS,
            transfers=PeerPolicy(
                Permission.ACCEPT
            ),  # within the sandbox, transfers lead nowhere else
            tls_ca_file=ca_file,
        )
        self._name = name
        self._on_connect_failed = on_connect_failed
        self._call_manager = CallManager(
            media_config, self._on_call_event, make_sound=_silent, on_incoming=self._on_call
        )
        self._runner = UserAgentRunner(
            settings,
            Credentials(name, password),
            self._on_event,
            retry_forever=True,
            on_call_event=self._call_manager.on_event,
            takes_calls=True,
        )
        self._call_manager.connect(self._runner)
        self._prompts: dict[str, Prompter] = {}

    async def run(self, on_ready: Callable[[], None], until: asyncio.Event) -> None:
        """Register, call `on_ready`, and serve until the event is set; nothing of it is logged."""
        IS_UNLOGGED.set(True)
        async with self._runner as runner:
            await runner.ready()
            on_ready()
            await until.wait()

    def _on_call(self, call: Call) -> None:
        # The call acts on the core, which has to finish the current step first.
        asyncio.get_running_loop().call_soon(self._greet, call)

    def _greet(self, call: Call) -> None:
        match self._name:
            case "busy":
                call.reject(486)
            case "decline":
                call.reject(603)
            case "message":
                call.reject(488)
            case "ring":
                pass
            case "echo":
                echo = Echo()
                call.answer(AudioEndpoints(echo, echo))
            case "tone":
                call.answer(AudioEndpoints(ToneSource(TONE_HZ), NullSink()))
            case "ivr":
                prompter = self._prompts[call.id] = Prompter(PROMPT)
                call.answer(AudioEndpoints(prompter, NullSink()))
            case _:
                call.media.stream.withholds = self._name == "silent"
                call.answer(_silent())

    def _on_call_event(self, event: CallEvent) -> None:
        if isinstance(event, CallEnded):
            self._prompts.pop(event.call, None)
        elif isinstance(event, Dtmf) and event.direction == "received":
            call = next((one for one in self._call_manager.calls if one.id == event.call), None)
            if call is not None:
                self._on_digit(call, event.digit)

    def _on_digit(self, call: Call, digit: str) -> None:
        if self._name == "dtmf":
            call.send_dtmf(digit)
        elif self._name == "ivr" and digit == "#":
            call.hang_up()
        elif self._name == "ivr" and call.id in self._prompts:
            self._prompts[call.id].say(key_tone(digit))

    def _on_event(self, event: PhoneEvent) -> None:
        if isinstance(event, ConnectFailed):
            self._on_connect_failed(event.reason)
        if self._name != "message" or not isinstance(event, InstantMessage):
            return
        if event.direction == "received":
            self._runner.spawn(self._send_back(event))

    async def _send_back(self, event: InstantMessage) -> None:
        try:
            sender = SipUri.parse(event.sender)
        except Malformed:
            return  # only a SIP URI can be answered
        await self._runner.send_message(sender, event.text)


class Prompter(Endless):
    """Plays queued sounds one after the other, then silence."""

    def __init__(self, first: Cadence) -> None:
        self._waiting: deque[CadencePlayer] = deque([CadencePlayer(first)], maxlen=MAX_PROMPTS)

    def say(self, cadence: Cadence) -> None:
        """Queue a sound."""
        self._waiting.append(CadencePlayer(cadence))

    def read(self) -> Pcm:
        """Return the next frame (20 ms)."""
        while self._waiting and self._waiting[0].over:
            self._waiting.popleft()
        return self._waiting[0].frame() if self._waiting else silence(FRAME)


def _silent() -> AudioEndpoints:
    return AudioEndpoints(Silence(), NullSink())


def media_config_for(server: WsServer) -> MediaConfig:
    """Return the shared media config: one certificate, no STUN, loopback addresses included."""
    settings = Settings(
        uri=address_of("extensions"), instance_id=uuid4(), ws_servers=(server,), stun_servers=()
    )
    return MediaConfig.from_settings(settings, include_loopback=True)
