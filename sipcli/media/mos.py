"""How good a call sounds, by the E-model: ITU-T G.107 (narrow band) and G.107.1 (wide band)."""

from dataclasses import dataclass
from math import log2, pow
from typing import Final

NARROW_BAND_R: Final = 93.2
"""Of a connection with nothing wrong (G.107, all parameters at their defaults)."""
WIDE_BAND_R: Final = 129.0
"""The same with wide band (G.107.1)."""
_WORST_IMPAIRMENT: Final = 95.0


@dataclass(frozen=True, slots=True)
class Impairment:
    """What a codec does to speech (ITU-T G.113)."""

    equipment: float
    """Ie: without losses."""
    robustness: float
    """Bpl: the percentage of loss that costs half of what is left, with our concealment."""
    wide_band: bool


IMPAIRMENTS: Final = {
    "opus": Impairment(5.0, 4.3, wide_band=True),
    "g722": Impairment(13.0, 4.3, wide_band=True),
    "pcmu": Impairment(0.0, 25.1, wide_band=False),
    "pcma": Impairment(0.0, 25.1, wide_band=False),
}
"""G.711 with concealment, and G.722 without loss: ITU-T G.113, Appendices I and IV. The rest is our
estimate, from which PESQ-WB of speech with 0-20 % of random loss differed by 0.6 at most."""


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
