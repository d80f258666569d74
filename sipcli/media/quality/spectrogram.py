"""What sound is made of over time: how loud each band of pitch is, in columns of equal length.

The bands are equally wide in mel, as the ear hears pitch (O'Shaughnessy 1987), from 0 to 20 kHz: a
tone of 440 Hz shows, and so does where a codec ends (3.4, 7 or 20 kHz).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.fft import rfft  # numpy would load its module at the first use, in a call

from sipcli.media.pcm import RATE, Pcm, silence
from sipcli.media.quality.level import FLOOR_DBFS, FULL_SCALE

BANDS: Final = 96
TOP_HZ: Final = 20000.0
MAX_COLUMNS: Final = 600
"""At this many, each two columns become one: memory is bounded for any length."""
_WINDOW: Final = RATE // 20
"""Samples transformed together: a column lasts 50 ms at first, frequencies lie 20 Hz apart."""


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
_HANN: Final = np.hanning(_WINDOW)
_FULL_SCALE_POWER: Final = (FULL_SCALE * float(_HANN.sum()) / 2) ** 2
"""Of a sine at full scale. A tone's loudness is its peak's, however wide its band."""


def _column(window: Pcm) -> npt.NDArray[np.uint8]:
    power = np.square(np.abs(rfft(window * _HANN)))
    loudest = np.maximum.reduceat(power[: _BINS[-1]], _BINS[:-1])
    loudness = 10.0 * np.log10(loudest / _FULL_SCALE_POWER + 1e-12)
    return np.clip(np.rint(loudness - FLOOR_DBFS), 0, -FLOOR_DBFS).astype(np.uint8)


class SpectrogramMeter:
    """Makes a spectrogram of sound as it comes, in bounded memory."""

    def __init__(self) -> None:
        self._columns: list[npt.NDArray[np.uint8]] = []
        self._windows_per_column = 1
        self._open = np.zeros(BANDS, np.uint8)
        """The column that is not full yet: the loudest of each band so far."""
        self._open_windows = 0
        self._pending: Pcm = silence(0)

    def add(self, pcm: Pcm) -> None:
        """Add sound, any number of samples at 48 kHz."""
        self._pending = np.concatenate((self._pending, pcm))
        while len(self._pending) >= _WINDOW:
            self._add_window(_column(self._pending[:_WINDOW]))
            self._pending = self._pending[_WINDOW:]

    def read(self) -> Spectrogram | None:
        """Return the spectrogram so far; None if no column is full."""
        if not self._columns:
            return None
        return Spectrogram(
            column_s=self._windows_per_column * _WINDOW / RATE,
            edges_hz=tuple(float(edge) for edge in _EDGES),
            columns=tuple(column.tobytes() for column in self._columns),
        )

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
