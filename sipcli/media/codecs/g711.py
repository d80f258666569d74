"""G.711, the companded 8 bits of the telephone network: µ-law (PCMU) and A-law (PCMA), by table."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from sipcli.catalog.codecs import PCMA, PCMU, Codec
from sipcli.media.codecs.narrowband import NarrowbandDecoder, NarrowbandEncoder
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.pcm import Pcm, Wave

_Integers: TypeAlias = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """One of the two companding laws (ITU-T G.711, tables 1 and 2), on samples at 8 kHz."""

    expand: Pcm
    """Code -> sample."""
    compress: npt.NDArray[np.uint8]
    """Sample, its bits read as an unsigned number -> code."""
    noise: Wave
    """Code -> the mean square of its quantization error."""

    def encode(self, pcm: Pcm) -> bytes:
        """Return one byte for each sample."""
        return self.compress[pcm.view(np.uint16)].tobytes()

    def decode(self, payload: bytes) -> Pcm:
        """Return one sample for each byte."""
        return self.expand[np.frombuffer(payload, np.uint8)]

    def quantization_noise(self, payload: bytes) -> Wave:
        """Return the mean square of the error of each sample that `decode` returns."""
        return self.noise[np.frombuffer(payload, np.uint8)]


_CODES: Final = np.arange(256)
_SAMPLES: Final = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int32)
_MAGNITUDES: Final = np.where(_SAMPLES < 0, ~_SAMPLES, _SAMPLES)
"""Both laws treat a negative sample as its one's complement: -1 is as small as 0."""


def _mu_law() -> Law:
    """Return µ-law. A code is a sign, 3 bits of segment and 4 of position in it, all inverted."""
    inverse = ~_CODES
    sizes = ((((inverse & 15) << 3) + 132) << (inverse >> 4 & 7)) - 132
    biased = np.minimum((_MAGNITUDES >> 2) + 33, 0x1FFF)
    segment = _bits(biased) - 5
    code = (8 - segment << 4) | (15 - (biased >> segment & 15))
    return _law(sizes, code)


def _a_law() -> Law:
    """Return A-law. Its codes are alike, with every second bit inverted."""
    position, segment = (_CODES ^ 0x55) & 15, (_CODES ^ 0x55) >> 4 & 7
    sizes = ((position + np.where(segment > 0, 16, 0) << 4) + 8) << np.maximum(segment - 1, 0)
    shifted = _MAGNITUDES >> 4
    segment = np.maximum(_bits(shifted) - 4, 0)
    code = (segment << 4 | (shifted >> np.maximum(segment - 1, 0) & 15)) ^ 0x55
    return _law(sizes, code)


def _law(sizes: _Integers, code: _Integers) -> Law:
    """Return the law, with the sign added: the top bit is set for samples that are not negative."""
    expand = np.where(_CODES & 0x80, sizes, -sizes).astype(np.int16)
    compress = (code | np.where(_SAMPLES < 0, 0, 0x80)).astype(np.uint8)
    errors = np.square((expand[compress] - _SAMPLES).astype(np.float64))
    noise = np.bincount(compress, errors, 256) / np.maximum(1, np.bincount(compress, minlength=256))
    return Law(expand, compress, noise.astype(np.float32))


def _bits(numbers: _Integers) -> _Integers:
    """Return the bit length of each number; 0 for 0."""
    return np.frexp(numbers.astype(np.float64))[1].astype(np.int32)


MU_LAW: Final = _mu_law()
A_LAW: Final = _a_law()
_LAWS: Final = {PCMU.name: MU_LAW, PCMA.name: A_LAW}


def make_encoder(codec: Codec, _opus: OpusSettings) -> NarrowbandEncoder:
    """Return a new encoder for one stream."""
    return NarrowbandEncoder(codec, _LAWS[codec.name].encode)


def make_decoder(codec: Codec) -> NarrowbandDecoder:
    """Return a new decoder for one stream."""
    law = _LAWS[codec.name]
    return NarrowbandDecoder(codec, law.decode, law.quantization_noise)
