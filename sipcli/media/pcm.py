"""The internal sound format: 48 kHz, mono, 16 bits, in frames of 20 ms."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from sipcli.catalog.codecs import PCM_RATE

Pcm: TypeAlias = npt.NDArray[np.int16]
"""Samples of one channel; full scale is ±32768."""
Wave: TypeAlias = npt.NDArray[np.float32]
"""Floating-point samples for processing, on the same scale as `Pcm`."""

RATE: Final = PCM_RATE
"""Samples in a second."""
FRAME: Final = 960
"""Samples in a frame."""
FRAME_S: Final = FRAME / RATE
"""Seconds in a frame."""
_LOWEST: Final = np.array(-32768, np.float32)
_HIGHEST: Final = np.array(32767, np.float32)
"""Arrays, so that numpy need not convert a number each time; `np.clip` is slower still."""


def silence(samples: int) -> Pcm:
    """Return `samples` of silence, a new array each time, so that the caller may write to it."""
    return np.zeros(samples, np.int16)


def from_bytes(data: bytes) -> Pcm:
    """Return the samples in `data`, which has them in the machine's order. They are read-only."""
    return np.frombuffer(data, np.int16)


def to_pcm(wave: Wave) -> Pcm:
    """Round `wave` to 16 bits and clip it at full scale. Modifies `wave`."""
    np.rint(wave, out=wave)
    np.maximum(wave, _LOWEST, out=wave)
    np.minimum(wave, _HIGHEST, out=wave)
    return wave.astype(np.int16)
