"""Comfort noise: what some send in place of silence (RFC 3389)."""

from functools import cache
from typing import Final

import numpy as np

from sipcli.media.pcm import FRAME, Pcm, Wave, silence, to_pcm

_LOUDEST_DBOV: Final = -40
"""A noise louder than this is nobody's background: it is played at this level."""
_NOISE_SAMPLES: Final = 48_000


class ComfortNoiseDecoder:
    """A `Decoder` that plays noise at the level its last payload named, until other sound comes.

    The spectrum that may follow the level (§3.2) is not used: the noise is white.
    """

    pausing = True
    looks_ahead = False

    def __init__(self) -> None:
        self._place = 0
        self._amplitude = np.float32(0)

    def samples(self, payload: bytes) -> int:
        """One frame, and then as much as is asked for of `conceal`."""
        return FRAME if payload else 0

    def decode(self, payload: bytes) -> Pcm:
        """A frame of noise at the level that `payload` names (§3.1)."""
        if not payload:
            return silence(0)
        level = min(-(payload[0] & 0x7F), _LOUDEST_DBOV)
        self._amplitude = np.float32(32768 * 10 ** (level / 20))
        return self.conceal(FRAME)

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """More of the noise."""
        places = np.arange(self._place, self._place + samples) % _NOISE_SAMPLES
        self._place = (self._place + samples) % _NOISE_SAMPLES
        return to_pcm(_noise()[places] * self._amplitude)

    def has_fec(self, payload: bytes) -> bool:
        """Never."""
        return False

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """There is none: the same as `conceal`."""
        return self.conceal(samples)


@cache
def _noise() -> Wave:
    """A second of white noise whose mean square is 1; any seed will do."""
    return np.random.default_rng(3389).standard_normal(_NOISE_SAMPLES).astype(np.float32)
