"""Sound in place of what was lost, for codecs that have none of their own: repeated pitch periods.

The idea of ITU-T G.711 Appendix I: what was heard last goes on at its own pitch for 10 ms,
then from two and from three periods so that it does not buzz, fades out within 60 ms, and is
blended into the first good sound after it. Without the Appendix's delay of 3.75 ms: the seam
before the gap is smoothed on the gap's side.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sipcli.media.pcm import Pcm, Wave, to_pcm

_PAST_S: Final = 0.050
_COMPARED_S: Final = 0.020
_SHORTEST_PERIOD_S: Final = 0.005
_LONGEST_PERIOD_S: Final = 0.015
_HELD_S: Final = 0.010
"""How long the sound stays at full level, and how long each number of periods lasts."""
_MOST_PERIODS: Final = 3
_FADE_S: Final = 0.050
_BLEND_S: Final = 0.004
"""Of the return to good sound: so much for each 10 ms that were made up, and as much again."""
_LONGEST_BLEND_S: Final = 0.010


class Concealer:
    """Follows a decoded signal and continues it where it breaks off; `rate` in Hz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._hold = int(rate * _HELD_S)
        self._past: Wave = np.zeros(int(rate * _PAST_S), np.float32)
        self._made_up = 0
        """Samples since the last good one."""
        self._place = 0
        """In the loop that is being repeated."""
        self._loops: list[Wave] = []
        """Made of one, two and three periods."""

    def good(self, pcm: Pcm) -> Pcm:
        """Take note of decoded sound, and blend it with a concealment that went before."""
        if self._made_up:
            length = (1 + self._made_up // self._hold) * int(self._rate * _BLEND_S)
            length = min(length, int(self._rate * _LONGEST_BLEND_S), len(pcm))
            rise = _rise(length)
            pcm = pcm.copy()
            pcm[:length] = to_pcm(self._continued(length) * (1 - rise) + pcm[:length] * rise)
            self._made_up = 0
        self._remember(pcm)
        return pcm

    def conceal(self, samples: int) -> Pcm:
        """Go on for `samples` as if nothing were missing, at first."""
        if not self._made_up:
            self._prepare()
        pcm = to_pcm(self._continued(samples))
        self._remember(pcm)
        return pcm

    def _remember(self, pcm: Pcm) -> None:
        size = len(self._past)
        self._past = np.concatenate((self._past[len(pcm) :], pcm[-size:]), dtype=np.float32)

    def _prepare(self) -> None:
        """Cut the loops out of the end of what was heard; each flows into its own beginning."""
        past, period = self._past, self._period()
        quarter = period // 4
        rise = _rise(quarter)
        self._loops = []
        for length in range(period, (_MOST_PERIODS + 1) * period, period):
            loop = past[-length:].copy()
            before = past[len(past) - length - quarter : len(past) - length]
            loop[-quarter:] = loop[-quarter:] * (1 - rise) + before * rise
            self._loops.append(loop)
        self._step = past[-1] - past[-1 - period]
        self._place = 0

    def _period(self) -> int:
        """The lag, in samples, at which the last 20 ms resemble what went before them most."""
        compared = int(self._rate * _COMPARED_S)
        least, most = int(self._rate * _SHORTEST_PERIOD_S), int(self._rate * _LONGEST_PERIOD_S)
        last = self._past[-compared:]
        earlier = sliding_window_view(self._past[-compared - most : -least], compared)
        likeness = earlier @ last / np.sqrt(np.square(earlier).sum(axis=1) + 1.0)
        return most - int(np.argmax(likeness))

    def _continued(self, samples: int) -> Wave:
        """The next samples of the concealment."""
        parts = []
        while samples > 0:
            part = self._part(min(samples, self._hold - self._made_up % self._hold))
            parts.append(part)
            samples -= len(part)
        return np.concatenate(parts)

    def _part(self, samples: int) -> Wave:
        """A part within one span of 10 ms: a new span may change to a longer loop."""
        span, into = divmod(self._made_up, self._hold)
        if span * self._hold >= self._hold + self._rate * _FADE_S:
            self._made_up += samples
            return np.zeros(samples, np.float32)
        wave = _turned(self._loops[min(span, _MOST_PERIODS - 1)], self._place, samples)
        blend = len(self._loops[0]) // 4
        if into < blend and span < _MOST_PERIODS:
            rise = _rise(blend)[into : into + samples]
            if span == 0:
                wave[: len(rise)] += self._step * (1 - rise)
            else:
                before = _turned(self._loops[span - 1], self._place, len(rise))
                wave[: len(rise)] = before * (1 - rise) + wave[: len(rise)] * rise
        self._place += samples
        age = np.arange(self._made_up, self._made_up + samples, dtype=np.float32) - self._hold
        self._made_up += samples
        wave *= np.clip(1 - age / (self._rate * _FADE_S), 0, 1)
        return wave


def _turned(loop: Wave, place: int, samples: int) -> Wave:
    return loop[np.arange(place, place + samples) % len(loop)]


def _rise(samples: int) -> Wave:
    """From 0 to 1, neither of them included."""
    return np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples + 1)
