"""Ends of calls on aiortc as it comes: RTCPeerConnection, a track in and a track out.

The listener is as good as one can be: it plays a frame the moment it gets it, or right after
the one before, and where none is there it waits in silence.
"""

import asyncio
import time
from fractions import Fraction
from typing import Final

import aioice.ice
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from scripts.bench.ends import Conversation, SetUp
from scripts.bench.ends_sipcli import AUDIBLE
from scripts.bench.track import Log, Track, steady
from sipcli.errors import MediaError
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm

_ENCODINGS: Final = {"opus": "audio/opus", "pcmu": "audio/PCMU"}
_LATE_S: Final = 2 * FRAME_S
"""A gap between two frames longer than this is one that a loudspeaker would have noticed."""


def on_loopback() -> None:
    """Make aioice offer 127.0.0.1, which it never does by itself."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class _Mouth(MediaStreamTrack):
    """Says the speech over and over, a frame every 20 ms, as aiortc's own tracks do."""

    kind = "audio"

    def __init__(self, speech: Pcm) -> None:
        super().__init__()
        self._frames = speech[: len(speech) // FRAME * FRAME].reshape(-1, FRAME)
        self._next = 0
        self._start = 0.0
        self.log: Log | None = None

    async def recv(self) -> AudioFrame:
        """The next frame, when its time has come."""
        if not self._next:
            self._start = time.monotonic()
        else:
            await asyncio.sleep(self._start + self._next * FRAME_S - time.monotonic())
        pcm = self._frames[self._next % len(self._frames)]
        if self.log is not None:
            self.log.put(pcm, time.monotonic() - FRAME_S)
        frame = AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = self._next * FRAME
        self._next += 1
        return frame


class AiortcEnd:
    """One `RTCPeerConnection`."""

    def __init__(self, codec: str, speech: Pcm, *, keeps: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._mouth = _Mouth(speech)
        self._codec = _ENCODINGS[codec]
        self._keeps = keeps
        self._log: Log | None = None
        self._connected: asyncio.Future[float] = self._loop.create_future()
        self._first: asyncio.Future[float] = self._loop.create_future()
        self._answered = 0.0
        self._frames = self._late = 0
        self._last = 0.0
        self._listening: asyncio.Task[None] | None = None
        self._peer.on("track", self._listen)
        self._peer.on("connectionstatechange", self._on_state)
        self.forget()

    async def offer(self) -> str:
        """Our offer."""
        self._peer.addTrack(self._mouth)
        self._prefer()
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return str(self._peer.localDescription.sdp)

    async def answer(self, offer: str) -> str:
        """Our answer."""
        await self._peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self._peer.addTrack(self._mouth)
        self._prefer()
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        return str(self._peer.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the answer."""
        self._answered = time.monotonic()
        await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def connected(self) -> None:
        """Return once media can flow."""
        await self._connected

    async def first_heard(self) -> SetUp:
        """How long it took."""
        connected, heard = await self._connected, await self._first
        return SetUp(
            connected_ms=1000 * (connected - self._answered),
            heard_ms=1000 * (heard - self._answered),
        )

    @property
    def frames(self) -> tuple[int, int]:
        """What should have come by the clock, and what of it did not, or with a gap before."""
        expected = round((time.monotonic() - self._since) / FRAME_S)
        return expected, max(self._late, expected - self._frames)

    def forget(self) -> None:
        """Begin anew."""
        self._frames = self._late = 0
        self._since = time.monotonic()
        self._last = 0.0
        if self._keeps:
            self._mouth.log, self._log = Log(), Log()

    async def conversation(self) -> Conversation:
        """The sound so far."""
        if self._mouth.log is None or self._log is None:
            raise ValueError("nothing was kept")
        return Conversation(spoken=self._mouth.log.track(), heard=_played(self._log.track()))

    async def close(self) -> None:
        """Hang up."""
        if self._listening is not None:
            self._listening.cancel()
        await self._peer.close()

    def _prefer(self) -> None:
        wanted = RTCRtpSender.getCapabilities("audio").codecs
        self._peer.getTransceivers()[0].setCodecPreferences(
            [each for each in wanted if each.mimeType.lower() == self._codec.lower()]
        )

    def _on_state(self) -> None:
        if self._connected.done():
            return
        if self._peer.connectionState == "connected":
            self._connected.set_result(time.monotonic())
        elif self._peer.connectionState in ("failed", "closed"):
            self._connected.set_exception(MediaError("aiortc did not connect"))

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = self._loop.create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if not isinstance(frame, AudioFrame):
                continue
            now = time.monotonic()
            pcm = frame.to_ndarray()[0, :: len(frame.layout.channels)]
            if not self._first.done() and np.max(np.abs(pcm)) > AUDIBLE:
                self._first.set_result(now)
            self._frames += 1
            if self._last and now - self._last > _LATE_S:
                self._late += 1
            self._last = now
            if self._log is not None:
                self._log.put(np.repeat(pcm, RATE // frame.sample_rate), now)


def _played(received: Track) -> Track:
    """What comes out of the loudspeaker: silence where nothing has come yet."""
    if not len(received.begins):
        return received
    begin = free = float(received.begins[0])
    pieces: list[Pcm] = []
    for came, frame in zip(received.begins, received.pcm.reshape(-1, FRAME), strict=True):
        gap = max(0, round((came - free) * RATE))
        pieces += [np.zeros(gap, np.int16), frame]
        free += (gap + FRAME) / RATE
    return steady(np.concatenate(pieces), begin)


class AiortcEngine:
    """Peer connections share nothing."""

    def __init__(self, speech: Pcm) -> None:
        self._speech = speech

    def end(self, codec: str, *, keeps: bool) -> AiortcEnd:
        """A new end."""
        return AiortcEnd(codec, self._speech, keeps=keeps)

    async def close(self) -> None:
        """Nothing is held."""
