"""What listeners would say of a recording: PESQ (ITU-T P.862, P.862.2) and STOI."""

from math import gcd
from typing import Final

import numpy as np
from pystoi import stoi
from scipy.signal import resample_poly

from scripts.bench.align import Pair
from sipcli.media.pcm import RATE, Pcm

_STOI_RATE: Final = 10_000
"""Hz: what STOI is defined at."""
_GIVE_A_FIGURE: Final = 1
"""To `pesq`: say with a negative number that no words were found; do not raise."""


def pesq_of(pair: Pair, *, wide_band: bool) -> float:
    """MOS-LQO, 1.0 to 4.64 in wide band, to 4.55 in narrow band.

    Raises `ImportError` without the package `pesq`, which needs a C compiler to install.
    """
    from pesq import pesq

    rate = 16_000 if wide_band else 8_000
    spoken, heard = resampled(pair.spoken, rate), resampled(pair.heard, rate)
    mode = "wb" if wide_band else "nb"
    return max(1.0, float(pesq(rate, spoken, heard, mode, on_error=_GIVE_A_FIGURE)))


def stoi_of(pair: Pair) -> float:
    """Short-time objective intelligibility: about 0 to 1."""
    return float(
        stoi(resampled(pair.spoken, _STOI_RATE), resampled(pair.followed, _STOI_RATE), _STOI_RATE)
    )


def resampled(pcm: Pcm, rate: int) -> Pcm:
    """At `rate` Hz, in whole steps, which is what PESQ was made for."""
    common = gcd(RATE, rate)
    wave = resample_poly(pcm.astype(np.float64), rate // common, RATE // common)
    return np.asarray(np.clip(np.rint(wave), -32768, 32767), np.int16)
