"""Packet loss concealment for codecs without their own: repeat pitch periods.

Follows ITU-T G.711 Appendix I: the last pitch period is repeated for 10 ms, then two and three
periods, so that it does not buzz, and it fades out. It lacks the Appendix's delay of 3.75 ms: the
transition into the gap is smoothed inside the gap.

Beyond the Appendix: if the sound after the gap is known already, it is continued backwards in the
same way, and the last 20 ms of the gap crossfade from one to the other. If not, the concealment
crossfades into it when it arrives.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sipcli.media.pcm import Pcm, Wave, to_pcm

_HISTORY_S: Final = 0.050
"""Seconds of sound that are kept to be repeated."""
_COMPARED_S: Final = 0.015
"""Seconds of sound that are compared to find the pitch."""
_MIN_PERIOD_S: Final = 0.0025
"""A pitch of 400 Hz."""
_MAX_PERIOD_S: Final = 0.015
"""A pitch of 67 Hz."""
_HOLD_S: Final = 0.010
"""Seconds at full level, and for each number of periods."""
_MAX_PERIODS: Final = 3
_FADE_S: Final = 0.100
"""Twice the Appendix's: consecutive losses are less noticeable that way."""
_LOOKAHEAD_FADE_S: Final = 0.020
"""Seconds of the crossfade from the sound before a gap to the known sound after it."""
_REENTRY_FADE_S: Final = 0.004
"""Seconds of the crossfade into sound that was not known before, plus as much again for each 10 ms
concealed."""
_MAX_REENTRY_FADE_S: Final = 0.010


class Concealer:
    """Follows a decoded signal, and continues it when a packet is missing; `rate` in Hz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._history: Wave = np.zeros(int(rate * _HISTORY_S), np.float32)
        self._continuation: Continuation | None = None
        """The concealment in progress; None during good sound, or once it leads into the next."""

    def add_decoded(self, pcm: Pcm) -> Pcm:
        """Return decoded sound; its start is crossfaded with a concealment before it."""
        if self._continuation is not None:
            holds = self._continuation.age / (self._rate * _HOLD_S)
            length = (1 + int(holds)) * int(self._rate * _REENTRY_FADE_S)
            length = min(length, int(self._rate * _MAX_REENTRY_FADE_S), len(pcm))
            rise = _rise(length)
            pcm = pcm.copy()
            pcm[:length] = to_pcm(
                self._continuation.next(length) * (1 - rise) + pcm[:length] * rise
            )
            self._continuation = None
        self._remember(pcm)
        return pcm

    def conceal(self, samples: int, following: Pcm | None = None) -> Pcm:
        """Return `samples` that continue the signal, then fade out.

        `following` is the sound right after them, if it is known; then it is passed to
        `add_decoded` next.
        """
        if self._continuation is None:
            self._continuation = Continuation(self._history, self._rate)
        wave = self._continuation.next(samples)
        if following is not None:
            length = min(samples, int(self._rate * _LOOKAHEAD_FADE_S))
            back = Continuation(following[::-1].astype(np.float32), self._rate).next(length)[::-1]
            rise = _rise(length)
            wave[-length:] = wave[-length:] * (1 - rise) + back * rise
            self._continuation = None
        pcm = to_pcm(wave)
        self._remember(pcm)
        return pcm

    def _remember(self, pcm: Pcm) -> None:
        history, count = self._history, min(len(pcm), len(self._history))
        history[: len(history) - count] = history[count:]
        history[len(history) - count :] = pcm[len(pcm) - count :]


class Continuation:
    """Continues `past`, sound at `rate` Hz, for at most 110 ms, fading out."""

    def __init__(self, past: Wave, rate: int) -> None:
        self.age = 0
        """Samples returned so far."""
        self._rate = rate
        self._hold = int(rate * _HOLD_S)
        period = _period(past, rate)
        self._blend = period // 4
        self._step = past[-1] - past[-1 - period]
        self._loops: list[Wave] = []
        """One, two and three periods from the end of `past`, crossfaded to repeat smoothly."""
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

    def next(self, samples: int) -> Wave:
        """Return the next `samples`."""
        parts = []
        while samples > 0:
            part = self._part(min(samples, self._hold - self.age % self._hold))
            parts.append(part)
            samples -= len(part)
        return np.concatenate(parts)

    def _part(self, samples: int) -> Wave:
        """Return a part within one span of 10 ms; each of the first spans has a longer loop."""
        span, into = divmod(self.age, self._hold)
        position, self.age = self.age, self.age + samples
        if position >= self._hold + self._rate * _FADE_S:
            return np.zeros(samples, np.float32)
        last = len(self._loops) - 1
        wave = _repeat(self._loops[min(span, last)], position, samples)
        if into < self._blend and span <= last:
            rise = _rise(self._blend)[into : into + samples]
            if span == 0:
                wave[: len(rise)] += self._step * (1 - rise)
            else:
                before = _repeat(self._loops[span - 1], position, len(rise))
                wave[: len(rise)] = before * (1 - rise) + wave[: len(rise)] * rise
        age = np.arange(position, position + samples, dtype=np.float32) - self._hold
        wave *= np.clip(1 - age / (self._rate * _FADE_S), 0, 1)
        return wave


def _period(past: Wave, rate: int) -> int:
    """Return the pitch period in samples: the lag with the highest normalized autocorrelation."""
    compared = min(int(rate * _COMPARED_S), len(past) * 3 // 8)
    min_lag = int(rate * _MIN_PERIOD_S)
    max_lag = min(int(rate * _MAX_PERIOD_S), len(past) * 5 // 8)
    last = past[-compared:]
    earlier = sliding_window_view(past[len(past) - compared - max_lag : -min_lag], compared)
    correlation = earlier @ last / np.sqrt(np.square(earlier).sum(axis=1) + 1.0)
    return max_lag - int(np.argmax(correlation))


def _repeat(loop: Wave, position: int, samples: int) -> Wave:
    """Return `samples` of the endlessly repeated `loop`, from `position` on."""
    return loop[np.arange(position, position + samples) % len(loop)]


def _rise(samples: int) -> Wave:
    """Return a ramp from 0 to 1, both excluded."""
    return np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples + 1)
