"""Two media sessions that talk to each other over loopback, with the core left out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import numpy as np

from sipcli.catalog.codecs import CODECS
from sipcli.journal.journal import CallJournal, Journal
from sipcli.media.events import MediaConnected, MediaEvent
from sipcli.media.pcm import FRAME, Pcm, silence
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.session.media_session import MediaSession
from sipcli.sdp.description import Direction
from sipcli.sdp.negotiated import NegotiatedMedia
from tests.core.factories import settings

T = TypeVar("T", bound=MediaEvent)


def media_config(*codecs: str) -> MediaConfig:
    """What a phone has; it offers 127.0.0.1 and asks no server."""
    chosen = settings(codecs=codecs or tuple(CODECS), stun_servers=())
    return MediaConfig.from_settings(chosen, include_loopback=True)


class Ear:
    """A sink that counts frames with something to hear."""

    def __init__(self) -> None:
        self.frames = 0
        self.loud = 0
        self._more = asyncio.Event()

    def write(self, frame: Pcm) -> None:
        self.frames += 1
        self.loud += bool(np.abs(frame.astype(np.int32)).max() > 1000)
        self._more.set()

    def close(self) -> None:
        """Nothing to release."""

    async def heard(self, loud: int) -> None:
        """Wait until there have been so many loud frames."""
        while self.loud < loud:
            self._more.clear()
            await self._more.wait()


class Mouth:
    """A source of a loud 500 Hz tone."""

    def __init__(self) -> None:
        wave = np.sin(2 * np.pi * 500 * np.arange(FRAME) / 48_000)
        self._frame: Pcm = (12_000 * wave).astype(np.int16)

    def read(self) -> Pcm:
        return self._frame

    def close(self) -> None:
        """Nothing to release."""


class Mute:
    """A source of silence."""

    def read(self) -> Pcm:
        return silence(FRAME)

    def close(self) -> None:
        """Nothing to release."""


class End:
    """One side of a call."""

    def __init__(self, equipment: MediaConfig | None = None) -> None:
        self.ear = Ear()
        self.events: list[MediaEvent] = []
        self._more = asyncio.Event()
        self.media_config = equipment or media_config()
        self.journal = Journal()
        self.session = MediaSession(
            self.media_config,
            Mouth(),
            self.ear,
            (),
            self._on_event,
            CallJournal(self.journal, lambda: "a-call"),
        )

    def _on_event(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._more.set()

    async def event(self, kind: type[T], count: int = 1) -> T:
        """The `count`th event of that kind, once it has been told."""
        async with asyncio.timeout(20):
            while len(found := [one for one in self.events if isinstance(one, kind)]) < count:
                self._more.clear()
                await self._more.wait()
        return found[count - 1]

    async def hears(self, frames: int = 5) -> None:
        """Wait until it has heard some more loud frames."""
        async with asyncio.timeout(20):
            await self.ear.heard(self.ear.loud + frames)

    @property
    def agreed(self) -> NegotiatedMedia:
        """What the media go by."""
        agreed = self.session.agreed
        assert agreed is not None
        return agreed


@asynccontextmanager
async def ends(
    alice: MediaConfig | None = None, bob: MediaConfig | None = None
) -> AsyncIterator[tuple[End, End]]:
    """Two ends that know nothing of each other; closed in the end."""
    pair = End(alice), End(bob)
    try:
        yield pair
    finally:
        await asyncio.gather(*(end.session.close() for end in pair))


async def exchange(
    offerer: End,
    answerer: End,
    offered: Direction = Direction.SENDRECV,
    answered: Direction = Direction.SENDRECV,
    *,
    restart: bool = False,
) -> None:
    """One offer and its answer."""
    answerer.session.receive_offer(await offerer.session.offer(offered, restart=restart))
    offerer.session.receive_answer(await answerer.session.answer(answered))


@asynccontextmanager
async def connected(
    alice: MediaConfig | None = None, bob: MediaConfig | None = None
) -> AsyncIterator[tuple[End, End]]:
    """Two ends with media between them; alice made the offer."""
    async with ends(alice, bob) as (one, other):
        await exchange(one, other)
        await asyncio.gather(one.event(MediaConnected), other.event(MediaConnected))
        yield one, other
