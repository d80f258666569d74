"""Packet loss concealment for codecs without their own: repeat pitch periods.

The idea of ITU-T G.711 Appendix I: what was heard last goes on at its own pitch for 10 ms,
then from two and from three periods so that it does not buzz, and fades out. Without the
Appendix's delay of 3.75 ms: the seam before the gap is smoothed on the gap's side.

Beyond the Appendix: where the sound after the gap is known already, it is continued backwards in
the same way, and the last 20 ms of the gap pass from the one to the other. Where it is not, it
is blended in when it comes.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sipcli.media.pcm import Pcm, Wave, to_pcm

_PAST_S: Final = 0.050
_COMPARED_S: Final = 0.015
_MIN_PERIOD_S: Final = 0.0025
_MAX_PERIOD_S: Final = 0.015
_HELD_S: Final = 0.010
"""How long the sound stays at full level, and how long each number of periods lasts."""
_MAX_PERIODS: Final = 3
_FADE_S: Final = 0.100
"""Twice the Appendix's: losses in a row are heard less so."""
_PASSAGE_S: Final = 0.020
"""Of the way from the sound before a gap to the one after it."""
_BLEND_S: Final = 0.004
"""Of the return to sound that was not known before: so much for each 10 ms made up, and as much
again."""
_MAX_BLEND_S: Final = 0.010


class Concealer:
    """Follows a decoded signal and continues it where it breaks off; `rate` in Hz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._past: Wave = np.zeros(int(rate * _PAST_S), np.float32)
        self._going_on: Continuation | None = None
        """What is being made up; None while good sound comes, or once the next is prepared for."""

    def good(self, pcm: Pcm) -> Pcm:
        """Take note of decoded sound, and blend it with a concealment that went before."""
        if self._going_on is not None:
            made_up = self._going_on.age / (self._rate * _HELD_S)
            length = (1 + int(made_up)) * int(self._rate * _BLEND_S)
            length = min(length, int(self._rate * _MAX_BLEND_S), len(pcm))
            rise = _rise(length)
            pcm = pcm.copy()
            pcm[:length] = to_pcm(self._going_on.more(length) * (1 - rise) + pcm[:length] * rise)
            self._going_on = None
        self._remember(pcm)
        return pcm

    def conceal(self, samples: int, following: Pcm | None = None) -> Pcm:
        """Go on for `samples` as if nothing were missing, at first.

        `following`: the sound right after these samples, where it is known; it is the next that
        is given to `good`.
        """
        if self._going_on is None:
            self._going_on = Continuation(self._past, self._rate)
        wave = self._going_on.more(samples)
        if following is not None:
            length = min(samples, int(self._rate * _PASSAGE_S))
            back = Continuation(following[::-1].astype(np.float32), self._rate).more(length)[::-1]
            rise = _rise(length)
            wave[-length:] = wave[-length:] * (1 - rise) + back * rise
            self._going_on = None
        pcm = to_pcm(wave)
        self._remember(pcm)
        return pcm

    def _remember(self, pcm: Pcm) -> None:
        past, count = self._past, min(len(pcm), len(self._past))
        past[: len(past) - count] = past[count:]
        past[len(past) - count :] = pcm[len(pcm) - count :]


class Continuation:
    """How `past` goes on by its own means, at `rate` Hz: at most 110 ms, less and less loud."""

    def __init__(self, past: Wave, rate: int) -> None:
        self.age = 0
        """Samples made so far."""
        self._rate = rate
        self._hold = int(rate * _HELD_S)
        period = _period(past, rate)
        self._blend = period // 4
        self._step = past[-1] - past[-1 - period]
        self._loops: list[Wave] = []
        """Made of one, two and three periods of the end of `past`; each flows into its own
        beginning."""
        rise = _rise(self._blend)
        for length in range(period, (_MAX_PERIODS + 1) * period, period):
            begin = len(past) - length - self._blend
            if begin < 0:
                break
            loop = past[-length:].copy()
            before = past[begin : begin + self._blend]
            loop[length - self._blend :] *= 1 - rise
            loop[length - self._blend :] += before * rise
            self._loops.append(loop)

    def more(self, samples: int) -> Wave:
        """The next samples."""
        parts = []
        while samples > 0:
            part = self._part(min(samples, self._hold - self.age % self._hold))
            parts.append(part)
            samples -= len(part)
        return np.concatenate(parts)

    def _part(self, samples: int) -> Wave:
        """A part within one span of 10 ms: a new span may change to a longer loop."""
        span, into = divmod(self.age, self._hold)
        place, self.age = self.age, self.age + samples
        if place >= self._hold + self._rate * _FADE_S:
            return np.zeros(samples, np.float32)
        last = len(self._loops) - 1
        wave = _turned(self._loops[min(span, last)], place, samples)
        if into < self._blend and span <= last:
            rise = _rise(self._blend)[into : into + samples]
            if span == 0:
                wave[: len(rise)] += self._step * (1 - rise)
            else:
                before = _turned(self._loops[span - 1], place, len(rise))
                wave[: len(rise)] = before * (1 - rise) + wave[: len(rise)] * rise
        age = np.arange(place, place + samples, dtype=np.float32) - self._hold
        wave *= np.clip(1 - age / (self._rate * _FADE_S), 0, 1)
        return wave


def _period(past: Wave, rate: int) -> int:
    """The lag, in samples, at which the end of `past` resembles what went before it most."""
    compared = min(int(rate * _COMPARED_S), len(past) * 3 // 8)
    least = int(rate * _MIN_PERIOD_S)
    most = min(int(rate * _MAX_PERIOD_S), len(past) * 5 // 8)
    last = past[-compared:]
    earlier = sliding_window_view(past[len(past) - compared - most : -least], compared)
    likeness = earlier @ last / np.sqrt(np.square(earlier).sum(axis=1) + 1.0)
    return most - int(np.argmax(likeness))


def _turned(loop: Wave, place: int, samples: int) -> Wave:
    return loop[np.arange(place, place + samples) % len(loop)]


def _rise(samples: int) -> Wave:
    """From 0 to 1, neither of them included."""
    return np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples + 1)
