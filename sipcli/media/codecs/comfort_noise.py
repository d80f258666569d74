"""Comfort noise, which some senders use in place of silence (RFC 3389)."""

from typing import Final

import numpy as np

from sipcli.catalog.codecs import COMFORT_NOISE, Codec
from sipcli.media.codecs.resampler import Resampler
from sipcli.media.pcm import FRAME, RATE, Pcm, Wave, silence, to_pcm

_LOUDEST_DBOV: Final = -40
"""Background noise is never louder than this: louder noise is played at this level."""
_HIGHEST_ORDER: Final = 12
"""Coefficients that are heeded, for a voice's band has no more to be told; any number may come."""
_SHARPEST: Final = 0.95
"""The reflection coefficients' bound: nearer to 1, noise becomes a tone."""
_LENGTH: Final = 128
"""Samples at 8 kHz after which a filter's answer is over."""
_UNIT: Final = COMFORT_NOISE.sample_rate // 1000
"""Samples in a millisecond: what is made is whole ones."""
_APPROACH_S: Final = 0.050
"""From one noise to the next: the time in which two thirds of the way are gone."""


class ComfortNoiseDecoder:
    """A `Decoder` that plays noise as its last payload described it, until other sound comes.

    No stretch of it comes again, it begins softly, and changes slowly.
    """

    pausing = True
    looks_ahead = False

    def __init__(self) -> None:
        self._draw = np.random.default_rng(3389)  # any seed will do
        self._white: Wave = np.zeros(_LENGTH - 1, np.float32)
        self._wanted: Wave = np.zeros(_LENGTH, np.float32)
        """The answer of the filter that makes the noise of white noise, level and all."""
        self._answer = self._wanted
        """The one that is used, on its way to that."""
        self._up = Resampler(COMFORT_NOISE.sample_rate, RATE)

    def samples(self, payload: bytes) -> int:
        """One frame, and then as much as is asked for of `conceal`."""
        return FRAME if payload else 0

    def decode(self, payload: bytes) -> Pcm:
        """A frame of noise of the level (§3.1) and the spectrum (§3.2) that `payload` names."""
        if not payload:
            return silence(0)
        level = min(-(payload[0] & 0x7F), _LOUDEST_DBOV)
        answer = _answer(payload[1 : 1 + _HIGHEST_ORDER])
        amplitude = 32768 * 10 ** (level / 20) / np.sqrt(np.square(answer).sum())
        self._wanted = (answer * amplitude).astype(np.float32)
        return self.conceal(FRAME)

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """More of the noise."""
        milliseconds = -(-samples * 1000 // RATE)
        drawn = self._draw.standard_normal(milliseconds * _UNIT, np.float32)
        white = np.concatenate((self._white, drawn))
        self._white = white[1 - _LENGTH :]
        before = self._answer
        left = np.float32(np.exp(-milliseconds / 1000 / _APPROACH_S))
        self._answer = self._wanted + (before - self._wanted) * left
        noise = np.convolve(white, before, "valid")
        noise += (np.convolve(white, self._answer, "valid") - noise) * _rise(len(noise))
        return self._up.convert(to_pcm(noise))[:samples]

    def has_fec(self, payload: bytes) -> bool:
        """Never."""
        return False

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """There is none: the same as `conceal`."""
        return self.conceal(samples)


def make_decoder(_codec: Codec) -> ComfortNoiseDecoder:
    """Return a new decoder for one stream; there is no encoder."""
    return ComfortNoiseDecoder()


def _answer(coefficients: bytes) -> Wave:
    """The impulse response of the all-pole filter with these reflection coefficients (§3.2)."""
    predictor = np.ones(1)
    for number in coefficients:
        reflection = max(-_SHARPEST, min(_SHARPEST, (number - 127) / 128))
        longer = np.append(predictor, 0.0)
        predictor = longer + reflection * longer[::-1]
    return np.fft.irfft(1 / np.fft.rfft(predictor, 2 * _LENGTH))[:_LENGTH].astype(np.float32)


def _rise(samples: int) -> Wave:
    return np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples)
