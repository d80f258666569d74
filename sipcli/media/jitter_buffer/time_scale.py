"""Shorten or lengthen speech without changing its pitch, by overlap-add."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sipcli.media.pcm import RATE, Pcm, Wave, to_pcm

MIN_LAG: Final = RATE // 400
"""Samples, 2.5 ms: less is not worth a seam."""
MAX_LAG: Final = RATE // 80
"""Samples, 12.5 ms: the period of the lowest voice."""
_OVERLAP: Final = RATE // 200
"""Samples, 5 ms: what is compared and blended at a seam."""
NEEDED: Final = MAX_LAG + _OVERLAP
"""Samples that a piece must have."""
_COARSE: Final = 8
"""Every so many samples are looked at first."""


def best_lag(pcm: Pcm, least: int, most: int) -> tuple[int, float]:
    """By how many samples, `least` to `most`, `pcm` is best changed; and how alike the seam is.

    Alike is 1 for a perfect repetition, about 0 for none. The first `NEEDED` samples of `pcm`
    are looked at.
    """
    wave = pcm[:NEEDED].astype(np.float32)
    coarse = wave.reshape(-1, _COARSE).mean(axis=1)
    likeness = _likeness(coarse, least // _COARSE, most // _COARSE, _OVERLAP // _COARSE)
    rough = (least // _COARSE + int(np.argmax(likeness))) * _COARSE
    low, high = max(least, rough - _COARSE), min(most, rough + _COARSE)
    likeness = _likeness(wave, low, high, _OVERLAP)
    place = int(np.argmax(likeness))
    return low + place, float(likeness[place])


def shorten(pcm: Pcm, lag: int) -> Pcm:
    """Leave `lag` samples out: the beginning is blended into what comes so much later."""
    fall = _fall()
    seam = pcm[:_OVERLAP] * fall + pcm[lag : lag + _OVERLAP] * (1 - fall)
    return np.concatenate((to_pcm(seam), pcm[lag + _OVERLAP :]))


def lengthen(pcm: Pcm, lag: int) -> Pcm:
    """Play the first `lag` samples twice: what comes after them is blended into the beginning."""
    fall = _fall()
    seam = pcm[lag : lag + _OVERLAP] * fall + pcm[:_OVERLAP] * (1 - fall)
    return np.concatenate((pcm[:lag], to_pcm(seam), pcm[_OVERLAP:]))


def _likeness(wave: Wave, least: int, most: int, length: int) -> Wave:
    """Of the first `length` samples to those at each lag, by normalised correlation."""
    first = wave[:length]
    later = sliding_window_view(wave[least : most + length], length)
    power = np.square(later).sum(axis=1) * np.dot(first, first)
    return np.asarray(later @ first / np.sqrt(power + 1.0), np.float32)


def _fall() -> Wave:
    return 1 - np.arange(1, _OVERLAP + 1, dtype=np.float32) / np.float32(_OVERLAP + 1)
