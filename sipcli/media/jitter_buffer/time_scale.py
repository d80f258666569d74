"""Shorten or lengthen speech without changing its pitch, by overlap-add."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sipcli.media.pcm import RATE, Pcm, Wave, to_pcm

MIN_LAG: Final = RATE // 400
"""Samples, 2.5 ms: a smaller change is not worth a seam."""
MAX_LAG: Final = RATE // 80
"""Samples, 12.5 ms: the period of the lowest voice."""
_OVERLAP: Final = RATE // 200
"""Samples, 5 ms: the length that is compared and crossfaded at a seam."""
NEEDED: Final = MAX_LAG + _OVERLAP
"""Samples that are needed to change the length."""
_COARSE: Final = 8
"""Samples averaged for the coarse search."""


def best_lag(pcm: Pcm, min_lag: int, max_lag: int) -> tuple[int, float]:
    """Return by how many samples to change `pcm`, and how well the seam correlates.

    The correlation is 1 for a perfect repetition, about 0 for none. Only the first `NEEDED`
    samples are examined.
    """
    wave = pcm[:NEEDED].astype(np.float32)
    coarse = wave.reshape(-1, _COARSE).mean(axis=1)
    correlation = _correlate(coarse, min_lag // _COARSE, max_lag // _COARSE, _OVERLAP // _COARSE)
    rough = (min_lag // _COARSE + int(np.argmax(correlation))) * _COARSE
    low, high = max(min_lag, rough - _COARSE), min(max_lag, rough + _COARSE)
    correlation = _correlate(wave, low, high, _OVERLAP)
    best = int(np.argmax(correlation))
    return low + best, float(correlation[best])


def shorten(pcm: Pcm, lag: int) -> Pcm:
    """Return `pcm` without `lag` samples at its start, which crossfades into what follows."""
    fall = _fall()
    seam = pcm[:_OVERLAP] * fall + pcm[lag : lag + _OVERLAP] * (1 - fall)
    return np.concatenate((to_pcm(seam), pcm[lag + _OVERLAP :]))


def lengthen(pcm: Pcm, lag: int) -> Pcm:
    """Return `pcm` with its first `lag` samples played twice, crossfaded."""
    fall = _fall()
    seam = pcm[lag : lag + _OVERLAP] * fall + pcm[:_OVERLAP] * (1 - fall)
    return np.concatenate((pcm[:lag], to_pcm(seam), pcm[_OVERLAP:]))


def _correlate(wave: Wave, min_lag: int, max_lag: int, length: int) -> Wave:
    """Return the normalized correlation of the first `length` samples with those at each lag."""
    first = wave[:length]
    later = sliding_window_view(wave[min_lag : max_lag + length], length)
    power = np.square(later).sum(axis=1) * np.dot(first, first)
    return np.asarray(later @ first / np.sqrt(power + 1.0), np.float32)


def _fall() -> Wave:
    """Return a ramp from 1 to 0, both excluded."""
    return 1 - np.arange(1, _OVERLAP + 1, dtype=np.float32) / np.float32(_OVERLAP + 1)
