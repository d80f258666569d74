"""Detect tones: their frequency within half a percent, and their power over the rest."""

from collections import Counter, deque
from dataclasses import dataclass
from math import log10
from typing import Final

import numpy as np
from numpy.fft import rfft  # numpy would load its module at the first use, in a call

from sipcli.media.pcm import RATE, Pcm, silence
from sipcli.media.quality.level import AUDIBLE_DBFS, FLOOR_DBFS, dbfs, rms

WINDOW: Final = RATE // 5
"""Samples analysed together: 200 ms."""
WINDOW_S: Final = WINDOW / RATE
DOMINANT_DB: Final = 6.0
"""A tone dominates if it has four times the power of everything else."""
TOLERANCE: Final = 0.005
"""Relative tolerance of the frequency, in both directions."""
_LOBE_BINS: Final = 3
"""Bins on each side of the peak that belong to it, with a Hann window."""
_MIN_HZ: Final = 20.0
_STEPS_PER_HZ: Final = 10
"""Steps per Hz in which detected frequencies are counted."""
RECENT_WINDOWS: Final = 5
"""Windows that count as recent: 1 s."""


@dataclass(frozen=True, slots=True)
class ToneReading:
    """The strongest tone of one window."""

    frequency_hz: float
    """Its frequency."""
    dominance_db: float
    """Its power relative to everything else."""
    level_dbfs: float
    """The level of the whole window."""


def measure(pcm: Pcm) -> ToneReading:
    """Return the strongest tone of `pcm`, `WINDOW` samples at 48 kHz."""
    wave = (pcm - pcm.mean()) * np.hanning(len(pcm))
    spectrum = np.square(np.abs(rfft(wave))) + 1e-9
    spectrum[: int(_MIN_HZ * len(pcm) / RATE)] = 1e-9
    peak = int(np.argmax(spectrum[1:-1])) + 1
    # The vertex of the parabola through the peak and its neighbours, in dB, is the true peak.
    left, top, right = np.log(spectrum[peak - 1 : peak + 2])
    curvature = left - 2 * top + right
    offset = 0.5 * (left - right) / curvature if curvature else 0.0
    tone = spectrum[max(0, peak - _LOBE_BINS) : peak + _LOBE_BINS + 1].sum()
    rest = max(float(spectrum.sum() - tone), 1e-9)
    return ToneReading(
        frequency_hz=float((peak + offset) * RATE / len(pcm)),
        dominance_db=float(10 * np.log10(tone / rest)),
        level_dbfs=dbfs(rms(pcm)),
    )


class ToneMeter:
    """Counts the tones that dominate one direction of a call.

    A tone dominates if its power exceeds everything else by `dominant_db`.
    """

    def __init__(self, dominant_db: float = DOMINANT_DB) -> None:
        self._dominant_db = dominant_db
        self._heard: Counter[int] = Counter()
        """Frequency in tenths of a Hz -> windows."""
        self._window: Pcm = silence(0)
        self._recent: deque[ToneReading] = deque(maxlen=RECENT_WINDOWS)

    def add(self, pcm: Pcm) -> None:
        """Add sound, any number of samples at 48 kHz."""
        self._window = np.concatenate((self._window, pcm))
        while len(self._window) >= WINDOW:
            reading = measure(self._window[:WINDOW])
            self._window = self._window[WINDOW:]
            self._recent.append(reading)
            if self._is_tone(reading):
                self._heard[round(reading.frequency_hz * _STEPS_PER_HZ)] += 1

    @property
    def latest_hz(self) -> float | None:
        """The tone that dominated at least half of the audible part of the last second, or None."""
        audible = [reading for reading in self._recent if reading.level_dbfs > AUDIBLE_DBFS]
        tones = sorted(reading.frequency_hz for reading in audible if self._is_tone(reading))
        if not tones:
            return None
        median = tones[len(tones) // 2]
        similar = [hz for hz in tones if abs(hz - median) <= TOLERANCE * median]
        return sum(similar) / len(similar) if 2 * len(similar) >= len(audible) else None

    @property
    def latest_dbfs(self) -> float:
        """The mean power of the last second; the floor before any sound."""
        powers = [10 ** (reading.level_dbfs / 10) for reading in self._recent]
        return 10 * log10(sum(powers) / len(powers)) if powers else FLOOR_DBFS

    def _is_tone(self, reading: ToneReading) -> bool:
        return reading.dominance_db >= self._dominant_db and reading.level_dbfs > AUDIBLE_DBFS

    def seconds(self, frequency_hz: float, tolerance: float = TOLERANCE) -> float:
        """Return for how many seconds a tone within `tolerance` of that frequency dominated."""
        low, high = frequency_hz * (1 - tolerance), frequency_hz * (1 + tolerance)
        # Allow for half a step: detected frequencies are rounded to whole ones.
        windows = sum(
            count
            for heard, count in self._heard.items()
            if low - 0.5 / _STEPS_PER_HZ <= heard / _STEPS_PER_HZ <= high + 0.5 / _STEPS_PER_HZ
        )
        return windows * WINDOW_S

    @property
    def strongest_hz(self) -> float | None:
        """The frequency that dominated longest; None if none did."""
        if not self._heard:
            return None
        return (
            max(self._heard, key=lambda heard: self.seconds(heard / _STEPS_PER_HZ)) / _STEPS_PER_HZ
        )
