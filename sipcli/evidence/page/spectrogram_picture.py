"""The spectrogram as a small PNG with axes, and in words."""

from base64 import b64encode
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from sipcli.evidence.page.png import Colour, png
from sipcli.evidence.page.scale import Scale, Tick, minus, time_ticks
from sipcli.evidence.report_content import SoundSpectrum

_TICKS_HZ: Final = (250, 500, 1000, 2000, 4000, 8000, 16000)
_DB_PER_SHADE: Final = 3
"""Finer shades could not be told apart, and would cost bytes."""
_COLOURS: Final[tuple[tuple[float, Colour], ...]] = (
    (-96.0, (255, 255, 255)),
    (-78.0, (240, 247, 250)),
    (-60.0, (185, 219, 231)),
    (-42.0, (94, 164, 200)),
    (-24.0, (52, 92, 164)),
    (0.0, (38, 15, 76)),
)
"""From silence to the loudest: ever darker, so that it can be read without seeing colours."""
_STEADY: Final = 0.7
"""A share of the time: a band that is the loudest for longer is named."""
_OUTSIDE: Final = 0.05
"""The share of the power that is below what is called most of it, and above."""
_LEAST_BAND_DBFS: Final = -66.0
"""What is softer than this in its band does not count for the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrogramPicture:
    """The picture, its axes, and what can be seen."""

    uri: str
    """A `data:` URI of a PNG; it is to be stretched to the size of the chart."""
    begin: float
    """Where it is on the axis of time: percent of its length, like the next one."""
    width: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    """From the bottom, in kHz."""
    shades: tuple[tuple[float, str], ...]
    """The scale of colours: percent of its length, and the colour in CSS."""
    floor: str
    """The level of the lightest shade, in dBFS."""
    description: str
    is_silent: bool
    """There is nothing to see."""


def spectrogram_picture(sound: SoundSpectrum, x: Scale) -> SpectrogramPicture:
    """Return the picture of what was heard, on an axis of time in seconds."""
    begin_s = sound.begin_ms / 1000
    end_s = begin_s + len(sound.columns) * sound.column_ms / 1000
    bands = len(sound.edges_hz) - 1
    shades = [bytes(level // _DB_PER_SHADE for level in column[::-1]) for column in sound.columns]
    rows = [bytes(column[band] for column in shades) for band in range(bands)]
    loudest = round(-sound.floor_dbfs) // _DB_PER_SHADE
    palette = [_colour(sound.floor_dbfs + shade * _DB_PER_SHADE) for shade in range(loudest + 1)]
    return SpectrogramPicture(
        uri="data:image/png;base64," + b64encode(png(rows, palette)).decode(),
        begin=x.percent(begin_s),
        width=round(x.percent(end_s) - x.percent(begin_s), 3),
        x_ticks=time_ticks(x),
        y_ticks=_pitch_ticks(sound.edges_hz),
        shades=tuple(
            (100 * (dbfs - _COLOURS[0][0]) / -_COLOURS[0][0], "rgb({} {} {})".format(*colour))
            for dbfs, colour in _COLOURS
        ),
        floor=minus(f"{sound.floor_dbfs:g}"),
        description=_words(sound),
        is_silent=_is_silent(sound),
    )


def _colour(dbfs: float) -> Colour:
    """Return the colour of a level, between those of the two levels next to it."""
    upper = min(len(_COLOURS) - 1, max(1, bisect_right([level for level, _ in _COLOURS], dbfs)))
    (low, before), (high, after) = _COLOURS[upper - 1], _COLOURS[upper]
    share = min(1.0, max(0.0, (dbfs - low) / (high - low)))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(before, after, strict=True))
    return red, green, blue


def _pitch_ticks(edges_hz: tuple[float, ...]) -> tuple[Tick, ...]:
    ticks = []
    shown = [hz for hz in _TICKS_HZ if edges_hz[0] <= hz < edges_hz[-1]]
    for hz in shown:
        band = bisect_right(edges_hz, hz) - 1
        low, high = edges_hz[band : band + 2]
        at = 100 * (band + (hz - low) / (high - low)) / (len(edges_hz) - 1)
        unit = " kHz" if hz == shown[-1] else ""
        ticks.append(Tick(round(at, 3), f"{hz / 1000:g}{unit}"))
    return tuple(ticks)


def _is_silent(sound: SoundSpectrum) -> bool:
    return not any(max(column) for column in sound.columns)


def _words(sound: SoundSpectrum) -> str:
    """Say what can be seen: what dominates, how high the sound reaches, how much is silence."""
    audible = round(_LEAST_BAND_DBFS - sound.floor_dbfs)
    loud = [column for column in sound.columns if max(column) > audible]
    lasts_s = len(sound.columns) * sound.column_ms / 1000
    if not loud:
        found = "Silence" if _is_silent(sound) else f"Nothing above −{-_LEAST_BAND_DBFS:.0f} dBFS"
        return f"{found} for all of {lasts_s:.1f} s"
    highest = max(band for column in loud for band, level in enumerate(column) if level > audible)
    heard_s = len(loud) * sound.column_ms / 1000
    return (
        f"Sound for {heard_s:.1f} of {lasts_s:.1f} s; {_most(loud, sound.edges_hz)};"
        f" it reaches up to {sound.edges_hz[highest + 1] / 1000:.1f} kHz"
    )


def _most(loud: Sequence[bytes], edges_hz: tuple[float, ...]) -> str:
    """Say at which pitch the loudest is, if it stays there as a tone does, or most of the power."""
    ((band, count),) = Counter(column.index(max(column)) for column in loud).most_common(1)
    if count >= _STEADY * len(loud):
        share = round(100 * count / len(loud))
        low, high = edges_hz[band : band + 2]
        return f"the loudest is between {low:.0f} and {high:.0f} Hz for {share} % of that time"
    powers = [sum(10 ** (level / 10) for level in levels) for levels in zip(*loud, strict=True)]
    shares = [so_far / sum(powers) for so_far in accumulate(powers)]
    first, last = bisect_right(shares, _OUTSIDE), bisect_right(shares, 1 - _OUTSIDE)
    return f"most of it lies between {edges_hz[first]:.0f} and {edges_hz[last + 1]:.0f} Hz"
