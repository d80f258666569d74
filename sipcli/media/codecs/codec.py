"""The interfaces of encoders and decoders, and how to make one.

`catalog/codecs.py` declares the codecs, and for each the file in this folder that has its
`make_encoder(codec, opus)` and `make_decoder(codec)`. Those are imported late: FFmpeg, which some
need, takes 100 ms to load.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, Final, Protocol

from sipcli.catalog.codecs import CODECS, COMFORT_NOISE, OPUS, Codec
from sipcli.errors import MediaError
from sipcli.media.codecs import libopus
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.pcm import Pcm

_FFMPEG_OPUS_MS: Final = 20
"""The only packet length of Opus through FFmpeg."""


class Encoder(Protocol):
    """Encodes sound to payloads. It is stateful: pass all sound, in order."""

    @property
    def pausing(self) -> bool:
        """True if DTX found no speech in the last frame."""

    def encode(self, pcm: Pcm) -> bytes:
        """Return the payload for one packet; empty if nothing need be sent (DTX).

        `pcm` has 960 samples, or as many as `packet_ms` allows.
        """

    def expect_loss(self, percent: float) -> None:
        """Prepare for this percentage of packet loss, as reported by the far end."""


class Decoder(Protocol):
    """Decodes payloads, and conceals missing ones. All sample counts are at 48 kHz.

    Payloads come from the far end: none of them raises, or costs more than its decoding.
    """

    @property
    def pausing(self) -> bool:
        """True if the last payload announced a pause (DTX)."""

    @property
    def looks_ahead(self) -> bool:
        """True if `conceal` is so much better with `following` that it is worth waiting for."""

    def samples(self, payload: bytes) -> int:
        """Return the number of samples in `payload`; 0 if it cannot be decoded."""

    def decode(self, payload: bytes) -> Pcm:
        """Return the sound in `payload`; if it cannot be decoded after all, that of `conceal`."""

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """Return sound in place of a missing packet: 1 to 5760 samples (120 ms).

        `following`: the payload right after the gap, to be decoded next; empty if it has not
        arrived.
        """

    def has_fec(self, payload: bytes) -> bool:
        """Return True if `payload` also carries the packet before it (in-band FEC)."""

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """Return the sound of the packet before `payload`: 1 to 5760 samples.

        `payload` itself is decoded after that.
        """


def make_encoder(codec: Codec, opus: OpusSettings | None = None) -> Encoder:
    """Return a new encoder for one stream; only Opus uses `opus`. Raises `MediaError`."""
    make: Callable[[Codec, OpusSettings], Encoder] = _module(codec).make_encoder
    return make(codec, opus or OpusSettings())


def make_decoder(codec: Codec) -> Decoder:
    """Return a new decoder for one stream. Raises `MediaError`."""
    make: Callable[[Codec], Decoder] = _module(codec).make_decoder
    return make(codec)


def _module(codec: Codec) -> Any:
    return import_module(f"{__package__}.{codec.module}")


def packet_ms(codec: Codec, wanted: int) -> int:
    """Return how many ms of sound a packet should hold if the far end asks for `wanted` ms.

    That is the longest that the codec allows and that is not longer, else the shortest.
    """
    if codec == OPUS and libopus.load() is None:
        return _FFMPEG_OPUS_MS
    return max((each for each in codec.packets_ms if each <= wanted), default=codec.packets_ms[0])


@cache
def preload(names: tuple[str, ...]) -> None:
    """Load all that the codecs of these names need, by making one of each.

    In the middle of a call the process may be out of file descriptors. What cannot be loaded is
    reported by the call that needs it.
    """
    with suppress(MediaError, ImportError, OSError):
        make_decoder(COMFORT_NOISE)
        for codec in (CODECS[name] for name in names):
            make_encoder(codec)
            make_decoder(codec)
