"""Ends of calls in a headless Chromium: WebAudio for a microphone and for a loudspeaker.

Sound and its times are kept inside of the browser, by the clock of its AudioContext. What the
processing of a block of sound takes is not counted, so the delay is rather too small.
"""

import base64
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from scripts.bench.ends import Conversation, SetUp
from scripts.bench.track import steady
from sipcli.media.audio_io.wav import WavFile
from sipcli.media.pcm import RATE, Pcm
from tests.realpeer.browser import Browser

_PAGE: Final = Path(__file__).with_name("chromium") / "page.html"
_PIECES: Final = 200
"""Tenths of seconds that are fetched at a time."""


class ChromiumEnd:
    """One `RTCPeerConnection` in a browser of its own."""

    def __init__(self, speech: Pcm) -> None:
        self._speech = speech
        self._folder = TemporaryDirectory(prefix="bench-chromium-")
        path = Path(self._folder.name) / "speech.wav"
        file = WavFile(path, 1)
        file.write(speech.tobytes())
        file.close()
        self._browser = Browser()
        self._browser.open(_PAGE)
        self._browser.do("start", path.as_uri())

    async def offer(self) -> str:
        """Our offer."""
        return str(self._browser.do("offer"))

    async def answer(self, offer: str) -> str:
        """Our answer."""
        return str(self._browser.do("answer", offer))

    async def accept(self, answer: str) -> None:
        """Take the answer."""
        self._browser.do("accept", answer)

    async def connected(self) -> None:
        """Return once media can flow."""
        self._browser.do("connected")

    async def first_heard(self) -> SetUp:
        """Not measured of a browser."""
        raise ValueError("the set-up of a browser is not measured")

    @property
    def frames(self) -> tuple[int, int]:
        """Not counted in a browser."""
        return 0, 0

    def forget(self) -> None:
        """Begin anew."""
        self._browser.do("forget")

    async def conversation(self) -> Conversation:
        """The sound so far, on the clock of the other engines."""
        found = self._browser.do("heard")
        pieces = [
            base64.b64decode(self._browser.do("samples", first, _PIECES))
            for first in range(0, found["pieces"], _PIECES)
        ]
        heard = np.frombuffer(b"".join(pieces), "<i2").astype(np.int16)
        clocks = time.monotonic() - time.time()
        begin, lasted = found["begin"], len(heard) / RATE
        # As much of the endless speech as was said up to the end, from the same moment on.
        skipped = round((begin - found["spokenFrom"]) * RATE)
        places = (np.arange(round(lasted * RATE)) + skipped) % len(self._speech)
        said = self._speech[places]
        return Conversation(
            spoken=steady(said, found["spokenFrom"] + skipped / RATE + clocks),
            heard=steady(heard, begin + clocks),
        )

    async def close(self) -> None:
        """Close the browser."""
        self._browser.__exit__(None, None, None)
        self._folder.cleanup()


class ChromiumEngine:
    """Browsers share nothing."""

    def __init__(self, speech: Pcm) -> None:
        self._speech = speech

    def end(self, codec: str, *, keeps: bool) -> ChromiumEnd:
        """A new browser; it speaks Opus and keeps what it hears."""
        if codec != "opus":
            raise ValueError(f"a browser is measured with Opus, not with {codec}")
        return ChromiumEnd(self._speech)

    async def close(self) -> None:
        """Nothing is held."""
