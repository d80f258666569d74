"""Estimate speech quality by the E-model: ITU-T G.107 (narrowband) and G.107.1 (wideband)."""

from math import log2, pow
from typing import Final

from sipcli.catalog.codecs import CODECS, Impairment

NARROW_BAND_R: Final = 93.2
"""R of an unimpaired connection (G.107, all parameters at their defaults)."""
WIDE_BAND_R: Final = 129.0
"""The same for wideband (G.107.1)."""
_WORST_IMPAIRMENT: Final = 95.0


IMPAIRMENTS: Final = {
    codec.name: codec.impairment for codec in CODECS.values() if codec.impairment is not None
}
"""By the codec's name."""


def rating(
    impairment: Impairment, loss_percent: float, burst_ratio: float, delay_ms: float
) -> float:
    """Return R, at most 93.2 (narrowband) or 129 (wideband).

    `loss_percent` is the share of concealed sound, `burst_ratio` how much longer its runs are than
    with random loss (narrowband only), `delay_ms` the one-way delay from mouth to ear.
    """
    reach = _WORST_IMPAIRMENT - impairment.equipment
    # G.107.1 has no bursts, and bursts cost fewer words than the same loss in single packets.
    bursts = 1.0 if impairment.wide_band else max(1.0, burst_ratio)
    share = loss_percent / (loss_percent / bursts + impairment.robustness)
    best = WIDE_BAND_R if impairment.wide_band else NARROW_BAND_R
    return best - impairment.equipment - reach * share - _delay_impairment(delay_ms)


def best_mos(codec: str) -> float:
    """Return the `mos` of a codec of `IMPAIRMENTS` without loss or delay."""
    return mos(IMPAIRMENTS[codec], 0.0, 1.0, 0.0)


def _delay_impairment(delay_ms: float) -> float:
    """Return Idd, the impairment of a conversation by delay (G.107 §7.4)."""
    if delay_ms <= 100:
        return 0.0
    x = log2(delay_ms / 100)
    return 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2)


def mos(impairment: Impairment, loss_percent: float, burst_ratio: float, delay_ms: float) -> float:
    """Return the expected mean opinion score, 1.0 to 4.5 (G.107 Annex B); see `rating`."""
    r = rating(impairment, loss_percent, burst_ratio, delay_ms)
    if impairment.wide_band:
        r *= 100 / WIDE_BAND_R
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    # For the lowest R the curve dips below 1, the lowest score on the scale.
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
