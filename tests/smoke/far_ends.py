"""Far ends with one fault each, registered at a sandbox: what a smoke test has to find out."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import uuid4

from sipcli.catalog.codecs import CODECS
from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.calls.events import CallEvent as CoreEvent
from sipcli.core.calls.events import Incoming, RemoteOffer
from sipcli.core.requests.credentials import Credentials
from sipcli.media.audio_io.generators import ToneSource
from sipcli.media.webrtc.dtls import DtlsCertificate
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.ice_socket import IceSocket
from sipcli.phone.call import Call
from sipcli.phone.call_audio import AudioSetup
from sipcli.phone.phone import Phone
from sipcli.phone.phone_config import PhoneConfig
from sipcli.phone.runner import UserAgentRunner
from sipcli.sandbox.names import address_of
from sipcli.sandbox.sandbox import Plan, Sandbox
from sipcli.sdp.description import Direction

CALLER: Final = "alice"
SECRET: Final = "open-sesame"
"""The password of everybody here."""
SOUND_S: Final = 1.5
"""Seconds of sound until it stops midway."""
TONE_HZ: Final = 700.0
STRANGE_CODEC: Final = 8
"""PCMA by its static payload type: nothing that a caller offers who was told `--codecs opus`."""

_ANSWER: Final = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
m=audio {port} UDP/TLS/RTP/SAVPF {payload_type}
c=IN IP4 127.0.0.1
a=mid:{mid}
a=rtcp-mux
a=ice-ufrag:abcd
a=ice-pwd:{pwd}
a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host
a=fingerprint:{fingerprint}
a=setup:active
{codec}a=sendrecv
"""


def _say_nothing(call: Call) -> None:
    call.media.stream.withholds = True


def _hear_nothing(call: Call) -> None:
    def lose(data: bytes, now: float) -> None:
        """As a firewall on the way does."""

    setattr(call.media.stream, "on_rtp", lose)  # noqa: B010 - a method is not to be assigned to


def _stop_midway(call: Call) -> None:
    asyncio.get_running_loop().call_later(SOUND_S, _say_nothing, call)


def _freeze_midway(call: Call) -> None:
    asyncio.get_running_loop().call_later(SOUND_S, _freeze, call)


def _freeze(call: Call) -> None:
    stream = call.media.stream
    stream.inbound = None  # without it nothing is due any more: no RTP, no RTCP
    setattr(stream, "agree", lambda *_, **__: None)  # noqa: B010 - and no ICE restart brings it back


def _vanish_midway(call: Call) -> None:
    def vanish() -> None:
        transport = call.media._transport  # noqa: SLF001 - nobody vanishes by public ways
        make = transport._new_agent  # noqa: SLF001

        def dumb(*arguments: object) -> IceAgent:
            return _silence_agent(make(*arguments))  # type: ignore[arg-type]

        setattr(transport, "_new_agent", dumb)  # noqa: B010 - a method is not to be assigned to
        _silence_agent(transport._agent)  # noqa: SLF001
        setattr(call._supervisor, "take", lambda _: None)  # noqa: B010, SLF001 - it misses nothing itself
        _freeze(call)

    asyncio.get_running_loop().call_later(SOUND_S, vanish)


def _silence_agent(agent: IceAgent) -> IceAgent:
    """An agent that sends neither checks nor answers to any."""
    opening = agent.open_socket

    async def open_socket(*arguments: object) -> IceSocket | None:
        return _silence_socket(await opening(*arguments))  # type: ignore[arg-type]

    setattr(agent, "open_socket", open_socket)  # noqa: B010 - as above
    for opened in agent._protocols:  # noqa: SLF001
        _silence_socket(cast("IceSocket", opened))
    return agent


def _silence_socket(opened: IceSocket | None) -> IceSocket | None:
    if opened is not None:
        setattr(opened, "send_stun", lambda *_: None)  # noqa: B010 - as above
    return opened


def _pose_as_another(call: Call) -> None:
    honest = call.media.answer
    other = str(DtlsCertificate.generate().fingerprint).encode()

    async def answer(*arguments: object) -> bytes:
        return re.sub(rb"a=fingerprint:[^\r]+", b"a=fingerprint:" + other, await honest(*arguments))  # type: ignore[arg-type]

    setattr(call.media, "answer", answer)  # noqa: B010 - as above


FAULTS: Final[Mapping[str, Callable[[Call], None]]] = {
    "mute": _say_nothing,
    "deaf": _hear_nothing,
    "stops": _stop_midway,
    "freezes": _freeze_midway,
    "vanishes": _vanish_midway,
    "impostor": _pose_as_another,
    "pcmu": lambda _: None,
}
"""Who answers calls, and what is wrong with the call then; `pcmu` knows no other codec."""
FORKED: Final = "forked"
"""Two phones: one has early media, and the other, without any, answers."""
FORK_S: Final = 1.5
"""Seconds of early media."""
ROBOTS: Final[Mapping[str, int]] = {"blocked": 111, "stranger": STRANGE_CODEC, FORKED: 111}
"""Who has no media at all, answers with a description that leads nowhere, and refuses each change:
its codec."""


class FarEnd:
    """One of `FAULTS`, with the phone and the media of any other call."""

    def __init__(self, name: str, server: WsServer) -> None:
        settings = _settings(name, server, codecs=("pcmu",) if name == "pcmu" else tuple(CODECS))
        self._fault = FAULTS.get(name)
        self.phone = Phone(
            PhoneConfig(
                settings=settings,
                credentials=Credentials(name, SECRET),
                open_sound=AudioSetup.silent().open,
                retry_forever=True,
                on_ring=self._ring,
            )
        )

    def _ring(self, call: Call) -> None:
        asyncio.get_running_loop().call_soon(self._answer, call)

    def _answer(self, call: Call) -> None:
        if self._fault is not None:
            self._fault(call)
        call.answer(audio_in=ToneSource(TONE_HZ))


class EarlyFork(FarEnd):
    """One of two phones behind `FORKED`: it rings with early media, and never answers."""

    def _answer(self, call: Call) -> None:
        self.phone.spawn(self._sound_early(call))

    async def _sound_early(self, call: Call) -> None:
        body = await call.media.answer(Direction.SENDRECV)
        runner = self.phone._runner  # noqa: SLF001 - no phone of ours has early media to send
        with runner.step() as (agent, now):
            agent.calls.progress(call.id, now, status=183, body=body)


class Robot:
    """One of `ROBOTS`: signalling alone."""

    def __init__(self, name: str, server: WsServer, port: int) -> None:
        self._name = name
        self._payload_type = ROBOTS[name]
        self._port = port
        self.runner = UserAgentRunner(
            _settings(name, server),
            Credentials(name, SECRET),
            lambda _: None,
            retry_forever=True,
            takes_calls=True,
        )
        self.runner.on_call_event = self._take

    def _take(self, event: CoreEvent) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(event, Incoming) and event.offer is not None:
            wait = FORK_S if self._name == FORKED else 0.0
            loop.call_later(wait, self._answer, event.call, event.offer)
        elif isinstance(event, RemoteOffer):
            loop.call_soon(self._refuse, event.call)

    def _refuse(self, call: str) -> None:
        with self.runner.step() as (agent, now):
            agent.calls.refuse_offer(call, now)

    def _answer(self, call: str, offer: bytes) -> None:
        mid = re.search(rb"a=mid:(\S+)", offer)
        opus = f"a=rtpmap:{self._payload_type} opus/48000/2\n"
        text = _ANSWER.format(
            port=self._port,
            payload_type=self._payload_type,
            mid=mid.group(1).decode() if mid else "0",
            pwd="x" * 24,
            fingerprint=DtlsCertificate.generate().fingerprint,
            codec="" if self._payload_type == STRANGE_CODEC else opus,
        )
        with self.runner.step() as (agent, now):
            agent.calls.accept(call, text.replace("\n", "\r\n").encode(), now)


@dataclass(kw_only=True)
class World:
    """Where everything is; `servers` has the WebSocket URI of each, by its name."""

    servers: dict[str, str] = field(default_factory=dict)
    ready: threading.Event = field(default_factory=threading.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop | None = None


@contextmanager
def world() -> Iterator[World]:
    """All far ends, with a loop of their own in a thread; also a server that says nothing."""
    here = World()
    thread = threading.Thread(target=asyncio.run, args=(_live(here),))
    with socket.socket() as deaf, socket.socket() as gone:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        gone.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else gets the port
        here.servers["silent"] = f"ws://127.0.0.1:{deaf.getsockname()[1]}"
        here.servers["dead"] = f"ws://127.0.0.1:{gone.getsockname()[1]}"
        thread.start()
        try:
            assert here.ready.wait(20), "the far ends did not register"
            yield here
        finally:
            if here.loop is not None:
                here.loop.call_soon_threadsafe(here.over.set)
            thread.join(20)


async def _live(here: World) -> None:
    here.loop = asyncio.get_running_loop()
    passwords = dict.fromkeys([CALLER, *FAULTS, *ROBOTS], SECRET)
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(Plan(passwords=passwords)))
        secure = await stack.enter_async_context(Sandbox(Plan(tls=True, passwords=passwords)))
        hole = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        hole.bind(("127.0.0.1", 0))  # takes every datagram, and answers none
        ends = [FarEnd(name, sandbox.server) for name in FAULTS]
        ends.append(EarlyFork(FORKED, sandbox.server))
        robots = [Robot(name, sandbox.server, hole.getsockname()[1]) for name in ROBOTS]
        for end in ends:
            await (await stack.enter_async_context(end.phone)).register()
        for robot in robots:
            await (await stack.enter_async_context(robot.runner)).ready()
        here.servers |= {"good": str(sandbox.server), "untrusted": str(secure.server)}
        here.ready.set()
        await here.over.wait()


def _settings(name: str, server: WsServer, codecs: tuple[str, ...] = tuple(CODECS)) -> Settings:
    return Settings(
        uri=address_of(name),
        instance_id=uuid4(),
        ws_servers=(server,),
        stun_servers=(),
        codecs=codecs,
    )
