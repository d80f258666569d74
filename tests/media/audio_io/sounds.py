"""Sound for tests: made, played, recorded, written to files and read from them."""

from pathlib import Path
from wave import open as open_wave

import numpy as np

from sipcli.media.audio_io.background import BackgroundReader
from sipcli.media.audio_io.open import AudioSink, AudioSource
from sipcli.media.pcm import FRAME, RATE, Pcm
from tests.waiting import until


def frames(source: AudioSource, count: int) -> Pcm:
    """The next `count` frames, in one."""
    return np.concatenate([source.read() for _ in range(count)])


def has_ended(source: AudioSource) -> bool:
    assert isinstance(source, BackgroundReader)
    return source.ended


def played(source: AudioSource, count: int | None = None) -> Pcm:
    """The next `count` frames that are not silent, in one; all up to the end if None."""
    heard: list[Pcm] = []

    def is_complete() -> bool:
        while len(heard) != count and (frame := source.read()).any():
            heard.append(frame)
        return has_ended(source) if count is None else len(heard) == count

    until(is_complete)
    return np.concatenate(heard) if heard else np.zeros(0, np.int16)


def sine(frequency: float, seconds: float, peak: float = 8000.0) -> Pcm:
    """A sine to test with; `peak` in steps of 16 bits."""
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(np.rint(peak * np.sin(2 * np.pi * frequency * t)), np.int16)


def dominant(pcm: Pcm) -> float:
    """The frequency in Hz that has the most power."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum)) * RATE / len(pcm)


def write_wave(path: Path, pcm: Pcm, rate: int = RATE, channels: int = 1) -> Path:
    """A WAV file written by somebody else's code."""
    with open_wave(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def read_wave(path: Path) -> Pcm:
    """The samples of a WAV file as somebody else reads it: one row for each channel."""
    with open_wave(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        data = file.readframes(file.getnframes())
        assert len(data) == file.getnframes() * file.getnchannels() * 2
        return np.frombuffer(data, "<i2").reshape(-1, file.getnchannels()).T


def cut(pcm: Pcm) -> list[Pcm]:
    """`pcm` in frames."""
    return list(pcm.reshape(-1, FRAME))


def written_until(sink: AudioSink, told: list[str]) -> None:
    """Write to `sink` until it has told of a failure, and some more."""

    def is_told() -> bool:
        sink.write(np.ones(FRAME, np.int16))
        return bool(told)

    until(is_told)
    for _ in range(3):
        is_told()
