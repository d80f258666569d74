"""Measure the level of sound."""

from math import log10, sqrt
from typing import Final

import numpy as np

from sipcli.media.pcm import RATE, Pcm

FULL_SCALE: Final = 32768.0
FLOOR_DBFS: Final = -96.0
"""The level of digital silence: below the last of 16 bits."""
AUDIBLE_DBFS: Final = -50.0
"""Louder sound counts as audible."""
_MIN_QUIET_FRAMES: Final = 25
"""Frames: half a second, enough to measure background noise."""
_FALL_TIME_S: Final = 0.3
"""The time constant of the meter's fall; it rises at once."""


def rms(pcm: Pcm) -> float:
    """Return the root mean square of `pcm`, in 16-bit steps: 0 to 32768; 0 for no samples."""
    wave = pcm.astype(np.float32)
    return sqrt(float(np.dot(wave, wave)) / len(pcm)) if len(pcm) else 0.0


def dbfs(level: float) -> float:
    """Convert an RMS to dBFS: a full-scale sine has -3.0 dBFS."""
    return max(FLOOR_DBFS, 20 * log10(level / FULL_SCALE)) if level > 0 else FLOOR_DBFS


class Meter:
    """The level of one direction of a call, frame by frame."""

    def __init__(self) -> None:
        self.level_dbfs = FLOOR_DBFS
        """The current level: rises at once, falls slowly, for display."""
        self.audible_s = 0.0
        """Seconds louder than `AUDIBLE_DBFS`."""
        self._power = 0.0
        """Sum over the audible frames."""
        self._audible_frames = 0
        self._quiet_power = 0.0
        """Sum over the other frames."""
        self._quiet_frames = 0
        self._loudest = FLOOR_DBFS

    @property
    def mean_dbfs(self) -> float:
        """The mean power of the audible frames; if there were none, the loudest frame."""
        if self._audible_frames == 0:
            return self._loudest
        return dbfs(sqrt(self._power / self._audible_frames))

    @property
    def total(self) -> tuple[float, int]:
        """The squared RMS of all frames added up, in 16-bit steps, and their number."""
        return self._power + self._quiet_power, self._audible_frames + self._quiet_frames

    @property
    def quiet_dbfs(self) -> float | None:
        """The mean power of the other frames; None if they last less than half a second."""
        if self._quiet_frames < _MIN_QUIET_FRAMES:
            return None
        return dbfs(sqrt(self._quiet_power / self._quiet_frames))

    def measure(self, pcm: Pcm) -> None:
        """Measure a frame; it may have any number of samples at 48 kHz."""
        level = rms(pcm)
        now = dbfs(level)
        seconds = len(pcm) / RATE
        if now > AUDIBLE_DBFS:
            self.audible_s += seconds
            self._audible_frames += 1
            self._power += level * level
        else:
            self._quiet_frames += 1
            self._quiet_power += level * level
        self._loudest = max(self._loudest, now)
        fallen = self.level_dbfs + (now - self.level_dbfs) * min(1.0, seconds / _FALL_TIME_S)
        self.level_dbfs = max(now, fallen)
