"""What sound is made of over time: how loud each band of pitch is, in columns of equal length.

The bands are equally wide in mel, as the ear hears pitch (O'Shaughnessy 1987), from 0 to 20 kHz: a
tone of 440 Hz shows, and so does where a codec ends (3.4, 7 or 20 kHz).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.fft import rfft  # numpy would load its module at the first use, in a call

from sipcli.media.pcm import RATE, Pcm, Wave, silence
from sipcli.media.quality.level import FLOOR_DBFS, FULL_SCALE

BANDS: Final = 96
TOP_HZ: Final = 20000.0
MAX_COLUMNS: Final = 600
"""At this many, each two columns become one: memory is bounded for any length."""
_STEP: Final = RATE // 10
"""Samples from one window to the next: a column lasts 100 ms at first."""
_WINDOW: Final = RATE // 20
"""Samples that are transformed together: frequencies lie 20 Hz apart. The other half of each step
is not looked at: it would cost as much again, and show little more."""
_BATCH: Final = 4
"""Windows that are transformed in one go, which costs half as much as one by one."""


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """How loud each band was in each column."""

    column_s: float
    """Seconds that a column lasts."""
    edges_hz: tuple[float, ...]
    """The frequencies between which the bands lie, from low to high: one more than bands."""
    columns: tuple[bytes, ...]
    """A byte a band, low to high: dB above `FLOOR_DBFS`, 0 to 96."""


def _mel(hz: float) -> float:
    return 2595.0 * float(np.log10(1.0 + hz / 700.0))


def _edges() -> npt.NDArray[np.float64]:
    mel = np.linspace(0.0, _mel(TOP_HZ), BANDS + 1)
    edges: npt.NDArray[np.float64] = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return edges


_EDGES: Final = _edges()
_BINS: Final = np.ceil(_EDGES * _WINDOW / RATE).astype(np.int64)
"""The frequency of the transform that each band begins with, and the one after the last."""
_HANN: Final = np.hanning(_WINDOW).astype(np.float32)
_FULL_SCALE_POWER: Final = (FULL_SCALE * float(_HANN.sum()) / 2) ** 2
"""Of a sine at full scale. A tone's loudness is its peak's, however wide its band."""


def _loudness(windows: Wave) -> npt.NDArray[np.uint8]:
    """Return for each window (a row) how loud each band is: dB above `FLOOR_DBFS`."""
    parts = rfft(windows)[:, : _BINS[-1]].copy().view(np.float32)
    parts *= parts
    power = parts[:, ::2] + parts[:, 1::2]
    loudest = np.maximum.reduceat(power, _BINS[:-1], axis=1)
    dbfs = 10.0 * np.log10(loudest / _FULL_SCALE_POWER + 1e-12)
    return np.clip(np.rint(dbfs - FLOOR_DBFS), 0, -FLOOR_DBFS).astype(np.uint8)


class SpectrogramMeter:
    """Makes a spectrogram of sound as it comes, in bounded memory."""

    def __init__(self) -> None:
        self._columns: list[npt.NDArray[np.uint8]] = []
        self._windows_per_column = 1
        self._open = np.zeros(BANDS, np.uint8)
        """The column that is not full yet: the loudest of each band so far."""
        self._open_windows = 0
        self._pending: list[Pcm] = []
        self._pending_length = 0
        """Samples."""

    def add(self, pcm: Pcm) -> None:
        """Add sound, any number of samples at 48 kHz. Keeps it as it is for up to 0.4 s."""
        self._pending.append(pcm)
        self._pending_length += len(pcm)
        if self._pending_length >= _BATCH * _STEP:
            self._transform()

    def read(self) -> Spectrogram | None:
        """Return the spectrogram so far; None if no column is full."""
        self._transform()
        if not self._columns:
            return None
        return Spectrogram(
            column_s=self._windows_per_column * _STEP / RATE,
            edges_hz=tuple(float(edge) for edge in _EDGES),
            columns=tuple(column.tobytes() for column in self._columns),
        )

    def _transform(self) -> None:
        """Transform what there is in whole steps."""
        sound = np.concatenate([silence(0), *self._pending])
        steps = len(sound) // _STEP
        self._pending = [sound[steps * _STEP :]]
        self._pending_length = len(self._pending[0])
        rows = sound[: steps * _STEP].reshape(steps, _STEP)
        for first in range(0, steps, _BATCH):
            for column in _loudness(rows[first : first + _BATCH, :_WINDOW] * _HANN):
                self._add_window(column)

    def _add_window(self, window: npt.NDArray[np.uint8]) -> None:
        self._open = np.maximum(self._open, window)
        self._open_windows += 1
        if self._open_windows < self._windows_per_column:
            return
        self._columns.append(self._open)
        self._open, self._open_windows = np.zeros(BANDS, np.uint8), 0
        if len(self._columns) == MAX_COLUMNS:
            pairs = zip(self._columns[::2], self._columns[1::2], strict=True)
            self._columns = [np.maximum(first, second) for first, second in pairs]
            self._windows_per_column *= 2
