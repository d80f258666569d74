"""Ends of calls on sipcli's media: everything of a real call but the signalling."""

import asyncio
import secrets
import time
from typing import Final

import numpy as np

from scripts.bench.ends import Conversation, SetUp
from scripts.bench.track import Log
from sipcli.errors import MediaError
from sipcli.journal.journal import CallJournal, Journal
from sipcli.media.audio_io.open import AudioSink, AudioSource
from sipcli.media.audio_io.ticker import MAX_CATCH_UP
from sipcli.media.events import MediaConnected, MediaEvent, MediaFailed, MediaLost
from sipcli.media.pcm import FRAME, FRAME_S, Pcm
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.session.media_session import MediaSession
from sipcli.media.transport.ice_servers import IceServers
from sipcli.media.webrtc.dtls import DtlsCertificate
from sipcli.sdp.description import Direction
from sipcli.sdp.formats import Preferences

CALL: Final = "bench"
"""The Call-ID in the journal of all calls."""
AUDIBLE: Final = 300
"""Of full scale 32768: what is louder is no silence."""


class Mouth:
    """A source that says the speech over and over."""

    def __init__(self, speech: Pcm) -> None:
        self._frames = speech[: len(speech) // FRAME * FRAME].reshape(-1, FRAME)
        self._next = 0
        self.log: Log | None = None

    def read(self) -> Pcm:
        """The next frame; a microphone would have heard the last of it just now."""
        frame: Pcm = self._frames[self._next % len(self._frames)]
        self._next += 1
        if self.log is not None:
            self.log.put(frame, time.monotonic() - FRAME_S)
        return frame

    def close(self) -> None:
        """Nothing is held."""


class Ear:
    """A sink that notes when frames come."""

    def __init__(self) -> None:
        self.log: Log | None = None
        self.frames = 0
        self.late = 0
        self.first: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._due: float | None = None

    def write(self, frame: Pcm) -> None:
        """Take a frame, whose first sample is heard just now."""
        now = time.monotonic()
        if self.log is not None:
            self.log.put(frame, now)
        if not self.first.done() and np.max(np.abs(frame)) > AUDIBLE:
            self.first.set_result(now)
        self._evaluator(now)

    def close(self) -> None:
        """Nothing is held."""

    def forget(self) -> None:
        """Count anew."""
        self.frames = self.late = 0
        self._due = None

    def _evaluator(self, now: float) -> None:
        """Whether a loudspeaker that had one frame in hand has run dry meanwhile."""
        due = now if self._due is None else min(self._due, now)
        behind = int((now - due) / FRAME_S)
        if behind >= MAX_CATCH_UP:  # these are not made up for
            self.late += behind
            due = now
        else:
            self.late += behind > 0
        self.frames += 1
        self._due = due + FRAME_S


class SipcliEnd:
    """One `MediaSession`."""

    def __init__(
        self,
        media_config: MediaConfig,
        speech: Pcm,
        *,
        keeps: bool,
        source: AudioSource | None,
        sink: AudioSink | None,
        journal: Journal,
    ) -> None:
        self._mouth, self._ear = Mouth(speech), Ear()
        self._keeps = keeps
        self._connected: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._answered = 0.0
        self._missing = 0
        self._session = MediaSession(
            media_config,
            source or self._mouth,
            sink or self._ear,
            (),
            self._on_event,
            CallJournal(journal, lambda: CALL),
        )
        self.forget()

    async def offer(self) -> str:
        """Our offer."""
        return (await self._session.offer(Direction.SENDRECV)).decode()

    async def answer(self, offer: str) -> str:
        """Our answer."""
        self._session.receive_offer(offer.encode())
        return (await self._session.answer(Direction.SENDRECV)).decode()

    async def accept(self, answer: str) -> None:
        """Take the answer."""
        self._answered = time.monotonic()
        self._session.receive_answer(answer.encode())

    async def connected(self) -> None:
        """Return once media can flow."""
        await self._connected

    async def first_heard(self) -> SetUp:
        """How long it took."""
        connected, heard = await self._connected, await self._ear.first
        return SetUp(
            connected_ms=1000 * (connected - self._answered),
            heard_ms=1000 * (heard - self._answered),
        )

    @property
    def frames(self) -> tuple[int, int]:
        """Heard, and of them late; nothing is lost on the way, so what is made up came late."""
        return self._ear.frames, self._ear.late + self._concealed() - self._missing

    def forget(self) -> None:
        """Begin anew."""
        self._ear.forget()
        self._missing = self._concealed()
        if self._keeps:
            self._mouth.log, self._ear.log = Log(), Log()

    async def conversation(self) -> Conversation:
        """The sound so far."""
        if self._mouth.log is None or self._ear.log is None:
            raise ValueError("nothing was kept")
        figures = self._session.stream.statistics()
        return Conversation(
            spoken=self._mouth.log.track(),
            heard=self._ear.log.track(),
            mos=figures.mos if figures else None,
        )

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    def _concealed(self) -> int:
        figures = self._session.stream.statistics()
        return figures.packets_concealed if figures else 0

    def _on_event(self, event: MediaEvent) -> None:
        if self._connected.done():
            return
        match event:
            case MediaConnected():
                self._connected.set_result(time.monotonic())
            case MediaFailed(reason=reason) | MediaLost(reason=reason):
                self._connected.set_exception(MediaError(reason))


class SipcliEngine:
    """What the calls of one phone share."""

    def __init__(self, speech: Pcm, journal: Journal | None = None) -> None:
        self._speech = speech
        self._journal = journal or Journal()
        self._certificate = DtlsCertificate.generate()

    def end(
        self,
        codec: str,
        *,
        keeps: bool,
        source: AudioSource | None = None,
        sink: AudioSink | None = None,
    ) -> SipcliEnd:
        """A new end; `source` and `sink` are for devices, else speech is said and remembered."""
        media_config = MediaConfig(
            certificate=self._certificate,
            ice_servers=IceServers(include_loopback=True),
            preferences=Preferences(codecs=(codec,), own_order=True, red=True),
            cname=secrets.token_urlsafe(12),
        )
        return SipcliEnd(
            media_config, self._speech, keeps=keeps, source=source, sink=sink, journal=self._journal
        )

    async def close(self) -> None:
        """Nothing is held."""
