"""Comfort noise, which some senders use in place of silence (RFC 3389)."""

from typing import Final

import numpy as np
from numpy.fft import irfft, rfft  # numpy would load it at the first use, in a call

from sipcli.catalog.codecs import COMFORT_NOISE, Codec
from sipcli.media.codecs.resampler import Resampler
from sipcli.media.pcm import FRAME, RATE, Pcm, Wave, silence, to_pcm

_LOUDEST_DBOV: Final = -40
"""Background noise is never louder than this: louder noise is played at this level."""
_MAX_ORDER: Final = 12
"""Coefficients that are used, enough for the telephone band; a payload may have any number."""
_MAX_REFLECTION: Final = 0.95
"""Bound of the reflection coefficients: closer to 1, the noise becomes a tone."""
_LENGTH: Final = 128
"""Samples at 8 kHz: the length of the filter's impulse response."""
_SAMPLES_PER_MS: Final = COMFORT_NOISE.sample_rate // 1000
"""Noise is made in whole milliseconds."""
_APPROACH_S: Final = 0.050
"""The time constant, in seconds, of the change from one noise to the next."""


class ComfortNoiseDecoder:
    """A `Decoder` that plays noise as the last payload described it, until other sound arrives.

    It never repeats, starts softly, and changes slowly.
    """

    pausing = True
    looks_ahead = False

    def __init__(self) -> None:
        self._draw = np.random.default_rng(3389)  # any seed will do
        self._white: Wave = np.zeros(_LENGTH - 1, np.float32)
        self._wanted: Wave = np.zeros(_LENGTH, np.float32)
        """The impulse response that turns white noise into the wanted noise, level included."""
        self._response = self._wanted
        """The one in use, which moves towards the wanted one."""
        self._up = Resampler(COMFORT_NOISE.sample_rate, RATE)

    def samples(self, payload: bytes) -> int:
        """Return a frame; further samples come from `conceal`."""
        return FRAME if payload else 0

    def decode(self, payload: bytes) -> Pcm:
        """Return a frame of noise with the level (§3.1) and spectrum (§3.2) in `payload`."""
        if not payload:
            return silence(0)
        level = min(-(payload[0] & 0x7F), _LOUDEST_DBOV)
        response = _impulse_response(payload[1 : 1 + _MAX_ORDER])
        amplitude = 32768 * 10 ** (level / 20) / np.sqrt(np.square(response).sum())
        self._wanted = (response * amplitude).astype(np.float32)
        return self.conceal(FRAME)

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """Return the next `samples` of the noise, at 48 kHz."""
        milliseconds = -(-samples * 1000 // RATE)
        drawn = self._draw.standard_normal(milliseconds * _SAMPLES_PER_MS, np.float32)
        white = np.concatenate((self._white, drawn))
        self._white = white[1 - _LENGTH :]
        before = self._response
        left = np.float32(np.exp(-milliseconds / 1000 / _APPROACH_S))
        self._response = self._wanted + (before - self._wanted) * left
        noise = np.convolve(white, before, "valid")
        noise += (np.convolve(white, self._response, "valid") - noise) * _rise(len(noise))
        return self._up.convert(to_pcm(noise))[:samples]

    def has_fec(self, payload: bytes) -> bool:
        """Return False: there is no FEC."""
        return False

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """Return the same as `conceal`: there is no FEC."""
        return self.conceal(samples)


def make_decoder(_codec: Codec) -> ComfortNoiseDecoder:
    """Return a new decoder for one stream; there is no encoder."""
    return ComfortNoiseDecoder()


def _impulse_response(coefficients: bytes) -> Wave:
    """Return that of the all-pole filter with these quantized reflection coefficients (§3.2)."""
    predictor = np.ones(1)
    for number in coefficients:
        reflection = max(-_MAX_REFLECTION, min(_MAX_REFLECTION, (number - 127) / 128))
        longer = np.append(predictor, 0.0)
        predictor = longer + reflection * longer[::-1]
    return irfft(1 / rfft(predictor, 2 * _LENGTH))[:_LENGTH].astype(np.float32)


def _rise(samples: int) -> Wave:
    """Return a ramp from 0 (excluded) to 1."""
    return np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples)
