"""Make the encoders and decoders of the codecs in `catalog/codecs.py`."""

from contextlib import suppress
from functools import cache
from typing import Final

from sipcli.catalog.codecs import CODECS, COMFORT_NOISE, G722, OPUS, PCMA, PCMU, Codec
from sipcli.errors import MediaError
from sipcli.media.codecs import libopus
from sipcli.media.codecs.codec import Decoder, Encoder
from sipcli.media.codecs.comfort_noise import ComfortNoiseDecoder
from sipcli.media.codecs.g711 import A_LAW, MU_LAW
from sipcli.media.codecs.narrowband import NarrowDecoder, NarrowEncoder
from sipcli.media.codecs.opus import PACKETS_MS, OpusDecoder, OpusEncoder, OpusSettings

_LAWS: Final = {PCMU.name: MU_LAW, PCMA.name: A_LAW}


def opus_shortcoming() -> str | None:
    """Return a warning for the user if Opus works only with limits; else None."""
    if libopus.load() is not None:
        return None
    return "libopus was not found: lost Opus packets are concealed less well"


@cache
def preload(names: tuple[str, ...]) -> None:
    """Load all that the codecs of these names need, by making one of each.

    In the middle of a call the process may be out of files. What cannot be loaded is told by
    the call that needs it.
    """
    with suppress(MediaError, ImportError, OSError):
        make_decoder(COMFORT_NOISE)
        for codec in (CODECS[name] for name in names):
            make_encoder(codec)
            make_decoder(codec)


def make_encoder(codec: Codec, opus: OpusSettings | None = None) -> Encoder:
    """A new encoder for one stream; `opus` matters to Opus alone. Raises `MediaError`."""
    if codec == OPUS:
        settings = opus or OpusSettings()
        if (library := libopus.load()) is not None:
            return OpusEncoder(library, settings)
        from sipcli.media.codecs import opus_av  # late: FFmpeg takes 100 ms to load

        return opus_av.encoder(settings)
    if codec == G722:
        from sipcli.media.codecs import g722

        return g722.encoder()
    return NarrowEncoder(codec.sample_rate, _LAWS[codec.name].encode)


def packet_ms(codec: Codec, wanted: int) -> int:
    """How much sound a packet may hold where the far end wants `wanted` ms: no more than that.

    At least 10 ms; whole tens with G.711 and G.722. Without libopus, Opus has 20 ms always.
    """
    if codec != OPUS:
        return max(10, min(wanted, 120) // 10 * 10)
    if libopus.load() is None:
        return 20
    return max((each for each in PACKETS_MS if each <= wanted), default=PACKETS_MS[0])


def make_decoder(codec: Codec) -> Decoder:
    """A new decoder for one stream. Raises `MediaError`."""
    if codec == OPUS:
        if (library := libopus.load()) is not None:
            return OpusDecoder(library)
        from sipcli.media.codecs import opus_av

        return opus_av.decoder()
    if codec == G722:
        from sipcli.media.codecs import g722

        return g722.decoder()
    if codec == COMFORT_NOISE:
        return ComfortNoiseDecoder()
    law = _LAWS[codec.name]
    return NarrowDecoder(codec.sample_rate, law.decode, law.grain)
