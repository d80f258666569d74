"""The extensions of the sandbox: sipcli phones in the same process, with fixed behavior."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final
from uuid import uuid4

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.errors import SipcliError
from sipcli.journal.journal import Journal
from sipcli.log import IS_UNLOGGED
from sipcli.media.audio_io.generators import Echo, Endless, ToneSource
from sipcli.media.audio_io.tones import Cadence, CadencePart, CadencePlayer, key_tone
from sipcli.media.pcm import FRAME, Pcm, silence
from sipcli.media.session.media_config import MediaConfig
from sipcli.phone.call import Call
from sipcli.phone.call_audio import AudioSetup
from sipcli.phone.events import CallEnded, ConnectFailed, Dtmf, Event, InstantMessage
from sipcli.phone.phone import Phone
from sipcli.phone.phone_config import PhoneConfig
from sipcli.phone.waiter import FOREVER
from sipcli.sandbox.names import address_of
from sipcli.sip.status import BUSY_HERE, DECLINE, NOT_ACCEPTABLE_HERE

TONE_HZ: Final = 1000.0
"""The tone that `tone` plays, in Hz."""
PROMPT: Final = Cadence((CadencePart(0.6, (440.0,)), CadencePart(0.2)), repeats=False)
"""The beep that `ivr` plays first."""
MAX_PROMPTS: Final = 20
"""Sounds that `ivr` queues."""
RING_TIMEOUT_S: Final = 7 * 24 * 3600
"""Seconds: `ring` neither answers nor gives up within any real run."""
MAX_CALLS: Final = 100
"""The default number of calls of one extension at a time."""
REQUESTS_A_CALL: Final = 10
"""Requests that are remembered at a time, on average."""

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
        journal: Journal,
        max_calls: int,
        on_connect_failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        settings = Settings(
            uri=address_of(name),
            instance_id=uuid4(),
            ws_servers=(server,),
            stun_servers=(),
            no_answer_timeout=RING_TIMEOUT_S,
            max_calls=max_calls,
            max_lingering_calls=max_calls,
            max_transactions=max_calls * REQUESTS_A_CALL,
            transfers=PeerPolicy(
                Permission.ACCEPT
            ),  # within the sandbox, transfers lead nowhere else
            tls_ca_file=ca_file,
        )
        self._name = name
        self._on_connect_failed = on_connect_failed
        self._phone = Phone(
            PhoneConfig(
                settings=settings,
                credentials=Credentials(name, password),
                open_sound=AudioSetup.silent().open,
                media_config=media_config,
                on_event=self._on_event,
                retry_forever=True,
                on_ring=self._on_ring,
                journal=journal,
            )
        )
        self._prompts: dict[str, Prompter] = {}

    async def run(self, on_ready: Callable[[], None], until: asyncio.Event) -> None:
        """Register, call `on_ready`, and serve until the event is set; nothing of it is logged."""
        IS_UNLOGGED.set(True)
        async with self._phone as phone:
            await phone.register(timeout=FOREVER)
            on_ready()
            await until.wait()

    def _on_ring(self, call: Call) -> None:
        # The call acts on the core, which has to finish the current step first.
        asyncio.get_running_loop().call_soon(self._greet, call)

    def _greet(self, call: Call) -> None:
        match self._name:
            case "busy":
                call.reject(BUSY_HERE)
            case "decline":
                call.reject(DECLINE)
            case "message":
                call.reject(NOT_ACCEPTABLE_HERE)
            case "ring":
                pass
            case "echo":
                echo = Echo()
                call.answer(audio_in=echo, audio_out=echo)
            case "tone":
                call.answer(audio_in=ToneSource(TONE_HZ))
            case "ivr":
                prompter = self._prompts[call.id] = Prompter(PROMPT)
                call.answer(audio_in=prompter)
            case _:
                call.media.stream.withholds = self._name == "silent"
                call.answer()

    def _on_event(self, event: Event) -> None:
        match event:
            case ConnectFailed(reason=reason):
                self._on_connect_failed(reason)
            case InstantMessage(direction="received") if self._name == "message":
                self._phone.spawn(self._send_back(event))
            case CallEnded(call=name):
                self._prompts.pop(name, None)
            case Dtmf(call=name, direction="received", digit=digit):
                call = self._phone.find_call(name)
                if call is not None:
                    self._on_digit(call, digit)
            case _:
                pass

    def _on_digit(self, call: Call, digit: str) -> None:
        if self._name == "dtmf":
            call.send_dtmf(digit)
        elif self._name == "ivr" and digit == "#":
            call.hang_up()
        elif self._name == "ivr" and call.id in self._prompts:
            self._prompts[call.id].say(key_tone(digit))

    async def _send_back(self, event: InstantMessage) -> None:
        with suppress(SipcliError):  # only a SIP URI can be answered, and it may have gone
            await self._phone.message(event.sender, event.text)


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


def media_config_for(server: WsServer) -> MediaConfig:
    """Return the shared media config: one certificate, no STUN, loopback addresses included."""
    settings = Settings(
        uri=address_of("extensions"), instance_id=uuid4(), ws_servers=(server,), stun_servers=()
    )
    return MediaConfig.from_settings(settings, include_loopback=True)
