"""Axes: which values have a tick, where it is and what it is called."""

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

_TIME_STEPS_S: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30,
    60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400,
)  # fmt: skip
_MOST_TIME_TICKS: Final = 6
_MOST_TIME_LETTERS: Final = 20
"""Of all labels of an axis together: so they have room on a phone."""
_LEAST_SPAN: Final = 1e-9
"""Values that differ by less are the same."""
_MINUTES_FROM_S: Final = 180.0
"""Times on an axis that reaches further are shown as minutes and seconds."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of an axis that is named."""

    at: float
    """Where it is: percent of the axis' length from its begin."""
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from one value to another."""

    low: float
    high: float

    def percent(self, value: float) -> float:
        """Return where `value` is, in percent of the length; values beyond the ends are at them."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.0
        return round(100.0 * min(1.0, max(0.0, share)), 3)


def value_scale(low: float, high: float, most: int = 4) -> Scale:
    """Return an axis with round ends that has room for the values from `low` to `high`."""
    step = _round_step(high - low, most)
    return Scale(floor(low / step) * step, max(ceil(high / step), floor(low / step) + 1) * step)


def value_ticks(scale: Scale, most: int = 4, unit: str = "") -> tuple[Tick, ...]:
    """Return at most `most` + 1 ticks at round values; the highest has the unit."""
    step = _round_step(scale.high - scale.low, most)
    first = ceil(scale.low / step - 1e-9)
    count = floor((scale.high - first * step) / step + 1e-9)
    values = [(first + number) * step for number in range(count + 1)]
    labels = [minus(f"{value:.6g}") for value in values]
    return _ticks(scale, values, labels, unit)


def time_ticks(scale: Scale) -> tuple[Tick, ...]:
    """Return the ticks of an axis in seconds."""
    days = _TIME_STEPS_S[-1]
    longest = days * ceil((scale.high - scale.low) / days)
    found: tuple[Tick, ...] = ()
    for step in (*_TIME_STEPS_S, max(days, longest)):
        if (scale.high - scale.low) / step > _MOST_TIME_TICKS:
            continue
        found = _time_ticks(scale, step)
        if sum(len(tick.label) for tick in found) <= _MOST_TIME_LETTERS:
            break
    return found


def _time_ticks(scale: Scale, step: float) -> tuple[Tick, ...]:
    first = ceil(scale.low / step - 1e-9)
    count = floor((scale.high - first * step) / step + 1e-9)
    values = [(first + number) * step for number in range(count + 1)]
    if scale.high > _MINUTES_FROM_S:
        return _ticks(scale, values, [_minutes(value) for value in values], "min")
    return _ticks(scale, values, [f"{value:.6g}" for value in values], "s")


def minus(number: str) -> str:
    """Return a number with the sign of a negative one as it is printed, not as it is typed."""
    return number.replace("-", "\N{MINUS SIGN}")


def _ticks(scale: Scale, values: list[float], labels: list[str], unit: str) -> tuple[Tick, ...]:
    if labels and unit:
        labels = [*labels[:-1], f"{labels[-1]} {unit}"]
    pairs = zip(values, labels, strict=True)
    return tuple(Tick(scale.percent(value), label) for value, label in pairs)


def _round_step(span: float, most: int) -> float:
    """Return 1, 2 or 5 times a power of ten, which fits at most `most` times into `span`."""
    if span < _LEAST_SPAN:
        return 1.0
    power: float = 10.0 ** floor(log10(span / most))
    return next(power * factor for factor in (1, 2, 5, 10) if span <= most * power * factor * 1.001)


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
