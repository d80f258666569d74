"""What is heard in a WAV file, measured without any of sipcli's own code."""

import struct
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

RATE: Final = 48_000
"""Samples a second of all that sipcli writes."""
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")

Sound = npt.NDArray[np.float64]
"""Samples from -1 to 1, one row a channel."""


class Heard(NamedTuple):
    """A moment of sound."""

    hz: float
    """The strongest frequency."""
    dbfs: float
    """Level, -120 for none."""


def read_wav(path: Path) -> Sound:
    """All that a WAV file of sipcli's has by now, at 16 bits and 48 kHz.

    The header must tell what there is, so that any other program can read the file.
    """
    data = path.read_bytes()
    _, _, wave, _, _, kind, channels, rate, _, _, bits, _, size = _HEADER.unpack_from(data)
    assert (wave, kind, rate, bits) == (b"WAVE", 1, RATE, 16)
    assert size <= len(data) - _HEADER.size
    samples = np.frombuffer(data, "<i2", size // 2, _HEADER.size)
    return samples.reshape(-1, channels).T / 32_768


def hear(sound: Sound, rate: int = RATE) -> Heard:
    """The strongest frequency and the level of one channel, or of a piece of it."""
    power = float(np.mean(sound**2))
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    return Heard(
        hz=float(np.argmax(spectrum)) * rate / sound.size,
        dbfs=max(-120.0, 10 * float(np.log10(power + 1e-12))),
    )


def seconds_of(hz: float, sound: Sound, rate: int = RATE) -> float:
    """How long a tone is what is heard in one channel, in steps of 50 ms."""
    size = rate // 20
    pieces = (hear(sound[at : at + size], rate) for at in range(0, sound.size - size + 1, size))
    return 0.05 * sum(abs(each.hz - hz) < 25 and each.dbfs > -40 for each in pieces)


def seconds_of_silence(sound: Sound) -> float:
    """How long there is nothing to hear in one channel, in steps of 50 ms."""
    size = RATE // 20
    pieces = (hear(sound[at : at + size]) for at in range(0, sound.size - size + 1, size))
    return 0.05 * sum(each.dbfs < -60 for each in pieces)
