"""Finds what was spoken in what was heard: how much later, by cross-correlation."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve, resample_poly

from scripts.bench.speech import SEGMENT_S
from scripts.bench.track import Track
from sipcli.media.pcm import FRAME_S, RATE, Pcm

Signal = npt.NDArray[np.float64]

_SLOW: Final = 8_000
"""Hz: a delay is looked for at this rate, which is good for 0.125 ms."""
_STEP: Final = RATE // _SLOW
_WINDOW_S: Final = 0.5
_HOP_S: Final = 0.25
_LONGEST_S: Final = 0.8
"""The longest delay that is found."""
_ALIKE: Final = 0.6
"""Normalised correlation below which a window says nothing about the delay."""
_AUDIBLE_RMS: Final = 300.0
"""-41 dBFS: softer windows hold no words."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A segment of speech as it was spoken, and as it was heard, in step."""

    spoken: Pcm
    heard: Pcm
    """One lag, the median, is taken out; what varies while somebody speaks is left for the ear."""
    followed: Pcm
    """The same with every change of the delay taken out, for measures that know none."""
    delays_ms: tuple[float, ...]
    """From mouth to ear, of each window of half a second that could be recognised."""


@dataclass(frozen=True, slots=True)
class _Found:
    begin: int
    """The window's first sample, in what was spoken."""
    delay_s: float
    lag: int
    """Samples at 48 kHz from the place in what was spoken to that in what was heard."""


def pair(spoken: Track, heard: Track, first: int) -> Pair | None:
    """The segment that begins at the sample `first` of what was spoken; None if nobody heard it."""
    found = _windows(spoken, heard, first)
    if not found:
        return None
    lag = int(np.median([each.lag for each in found]))
    length = SEGMENT_S * RATE
    return Pair(
        spoken.pcm[first : first + length],
        _cut(heard.pcm, first + lag, length),
        _follow(heard.pcm, first, found),
        tuple(1000 * each.delay_s for each in found),
    )


def _follow(pcm: Pcm, first: int, found: list[_Found]) -> Pcm:
    """Piece by piece with the lag of the nearest window."""
    hop = int(_HOP_S * RATE)
    centre = int((_WINDOW_S - _HOP_S) / 2 * RATE)
    pieces = []
    for begin in range(first, first + SEGMENT_S * RATE, hop):
        nearest = min(found, key=lambda each: abs(each.begin + centre - begin))
        pieces.append(_cut(pcm, begin + nearest.lag, hop))
    return np.concatenate(pieces)


def _windows(spoken: Track, heard: Track, first: int) -> list[_Found]:
    window, found = int(_WINDOW_S * RATE), []
    for offset in range(0, SEGMENT_S * RATE - window, int(_HOP_S * RATE)):
        begin = first + offset
        said = spoken.pcm[begin : begin + window].astype(np.float64)
        if len(said) < window or np.sqrt(np.mean(said**2)) < _AUDIBLE_RMS:
            continue
        moment = spoken.at(begin)
        # What was heard up to the longest delay later, in that track's own samples.
        earliest = heard.sample(moment - FRAME_S)
        region = _cut(heard.pcm, earliest, window + int((_LONGEST_S + FRAME_S) * RATE))
        place = _best_place(_slow(said), _slow(region.astype(np.float64)))
        if place is not None:
            there = earliest + place * _STEP
            found.append(_Found(begin, heard.at(there) - moment, there - begin))
    return found


def _best_place(said: Signal, region: Signal) -> int | None:
    """Where in `region` it sounds most like `said`; None if it does nowhere."""
    likeness = fftconvolve(region, said[::-1], "valid")
    power = np.concatenate(([0.0], np.cumsum(region**2)))
    energy = power[len(said) :] - power[: -len(said)]
    floor = 1e-3 * float(said @ said)  # silence is like nothing
    likeness /= np.sqrt(np.maximum(energy, floor) * (said @ said))
    place = int(np.argmax(likeness))
    return place if likeness[place] >= _ALIKE else None


def _cut(pcm: Pcm, begin: int, length: int) -> Pcm:
    """A piece, with silence for what is outside."""
    before = max(0, -begin)
    piece = pcm[max(0, begin) : max(0, begin + length)]
    return np.pad(piece, (min(before, length), max(0, length - before - len(piece))))[:length]


def _slow(wave: Signal) -> Signal:
    return np.asarray(resample_poly(wave, 1, _STEP), np.float64)
