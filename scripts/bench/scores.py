"""What a conversation was worth: delay, PESQ, STOI, from what both ends have kept."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median

import numpy as np

from scripts.bench.align import Pair, pair
from scripts.bench.ends import Conversation
from scripts.bench.listeners import pesq_of, stoi_of
from scripts.bench.speech import SEGMENT_S
from sipcli.media.pcm import RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of a call, both directions together."""

    pesq: float | None
    """Median MOS-LQO of the segments; one that nobody heard counts 1. None: no `pesq` here."""
    stoi: float
    """Median intelligibility, 0 to 1."""
    delay_ms: float
    """From mouth to ear: the median."""
    delay_95_ms: float
    """What 95 % of the windows of half a second keep below."""


@dataclass(frozen=True, slots=True)
class _Heard:
    pesq: float | None
    stoi: float
    delays_ms: tuple[float, ...]


def score(
    calls: Sequence[tuple[Conversation, Conversation]], *, wide_band: bool, pool: Executor
) -> list[Score]:
    """Score each call; the segments are shared among the processes of `pool`."""
    pairs = [[*_segments(one, other), *_segments(other, one)] for one, other in calls]
    flat = [each for found in pairs for each in found]
    heard = iter(pool.map(_hear, flat, [wide_band] * len(flat)))
    return [_together([next(heard) for _ in found]) for found in pairs]


def _segments(speaker: Conversation, listener: Conversation) -> Iterator[Pair | None]:
    """The segments of one direction that were spoken whole and could be heard whole."""
    length = SEGMENT_S * RATE
    for first in range(0, len(speaker.spoken.pcm) - length - RATE, length):
        yield pair(speaker.spoken, listener.heard, first)


def _hear(found: Pair | None, wide_band: bool) -> _Heard:
    if found is None:
        return _Heard(1.0, 0.0, ())
    try:
        pesq = pesq_of(found, wide_band=wide_band)
    except ImportError:
        pesq = None
    return _Heard(pesq, stoi_of(found), found.delays_ms)


def _together(heard: list[_Heard]) -> Score:
    delays = [delay for each in heard for delay in each.delays_ms] or [float("nan")]
    pesq = [each.pesq for each in heard if each.pesq is not None]
    return Score(
        pesq=median(pesq) if pesq else None,
        stoi=median(each.stoi for each in heard),
        delay_ms=float(np.median(delays)),
        delay_95_ms=float(np.percentile(delays, 95)),
    )
