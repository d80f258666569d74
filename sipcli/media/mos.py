"""How good a call sounds, by the E-model: ITU-T G.107 (narrow band) and G.107.1 (wide band)."""

from math import log2, pow
from typing import Final

from sipcli.catalog.codecs import CODECS, Impairment

NARROW_BAND_R: Final = 93.2
"""Of a connection with nothing wrong (G.107, all parameters at their defaults)."""
WIDE_BAND_R: Final = 129.0
"""The same with wide band (G.107.1)."""
_WORST_IMPAIRMENT: Final = 95.0


IMPAIRMENTS: Final = {
    codec.name: codec.impairment for codec in CODECS.values() if codec.impairment is not None
}
"""By the codec's name."""


def rating(
    impairment: Impairment, loss_percent: float, burst_ratio: float, delay_ms: float
) -> float:
    """R, of 93.2 or 129 at best.

    `loss_percent`: the sound that had to be made up. `burst_ratio`: how much longer the runs of
    it are than with random loss (1; more for bursts; of narrow band only). `delay_ms`: from mouth
    to ear, one way.
    """
    reach = _WORST_IMPAIRMENT - impairment.equipment
    # G.107.1 knows no bursts, and of the same loss they take fewer words than single packets do.
    bursts = 1.0 if impairment.wide_band else max(1.0, burst_ratio)
    share = loss_percent / (loss_percent / bursts + impairment.robustness)
    best = WIDE_BAND_R if impairment.wide_band else NARROW_BAND_R
    return best - impairment.equipment - reach * share - _delay_impairment(delay_ms)


def best_mos(codec: str) -> float:
    """What `mos` gives for a codec of `IMPAIRMENTS` without loss or delay."""
    return mos(IMPAIRMENTS[codec], 0.0, 1.0, 0.0)


def _delay_impairment(delay_ms: float) -> float:
    """Idd: what it does to a conversation that the answer takes its time (G.107 §7.4)."""
    if delay_ms <= 100:
        return 0.0
    x = log2(delay_ms / 100)
    return 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2)


def mos(impairment: Impairment, loss_percent: float, burst_ratio: float, delay_ms: float) -> float:
    """The mean opinion score to be expected, 1.0 to 4.5 (G.107 Annex B); see `rating`."""
    r = rating(impairment, loss_percent, burst_ratio, delay_ms)
    if impairment.wide_band:
        r *= 100 / WIDE_BAND_R
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    # The curve dips below 1 for the worst, which nobody can say.
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
