"""The sources that are computed (silence, tones, noise), and the sink that discards everything."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.fft import irfft, rfftfreq

from sipcli.catalog.audio_spec import AudioSpec
from sipcli.media.audio_io.open import AudioSource, ReadySink, ReadySource
from sipcli.media.audio_io.tones import Tone
from sipcli.media.pcm import FRAME, RATE, Pcm, Wave, silence, to_pcm

TONE_PEAK: Final = 0.25
"""Of full scale: the peaks have -12 dBFS, and a meter, which shows RMS, says -15 dBFS."""
NOISE_RMS: Final = 0.1
"""Of full scale: -20 dBFS, which leaves room for the peaks of noise."""
_NOISE_FRAMES: Final = 250
"""Frames of noise before it repeats: 5 s."""


class Endless:
    """Base of sources without resources."""

    def close(self) -> None:
        """Do nothing."""


class Silence(Endless):
    """Digital silence."""

    def read(self) -> Pcm:
        """Return a frame of silence."""
        return silence(FRAME)


class ToneSource(Endless):
    """A sine of `frequency` Hz, continuous between frames."""

    def __init__(self, frequency: float) -> None:
        self._tone = Tone(frequency, amplitude=TONE_PEAK)

    def read(self) -> Pcm:
        """Return the next 20 ms of the sine."""
        return self._tone.frame()


class Noise(Endless):
    """Pink noise, which has as much power in each octave, as speech about has.

    The same for the same `seed`; it repeats, without a seam, every 5 s.
    """

    def __init__(self, seed: int = 1) -> None:
        self._frames = _pink(_NOISE_FRAMES * FRAME, seed).reshape(_NOISE_FRAMES, FRAME)
        self._next = 0

    def read(self) -> Pcm:
        """Return the next 20 ms of noise."""
        frame: Pcm = self._frames[self._next].copy()
        self._next = (self._next + 1) % _NOISE_FRAMES
        return frame


class NullSink:
    """Discards all sound."""

    def write(self, frame: Pcm) -> None:
        """Discard `frame`."""

    def close(self) -> None:
        """Do nothing."""


_SOURCES: Final[Mapping[str, Callable[[str], AudioSource]]] = {
    "silence": lambda _: Silence(),
    "noise": lambda _: Noise(),
    "tone": lambda hz: ToneSource(float(hz)),
}


def source(spec: AudioSpec) -> ReadySource:
    """Return the source of the word `silence`, `noise` or `tone`."""
    make = _SOURCES[spec.word]
    return ReadySource(lambda _: make(spec.value))


def sink(_spec: AudioSpec) -> ReadySink:
    """Return the sink of the word `null`."""
    return ReadySink(lambda _: NullSink())


def _pink(samples: int, seed: int) -> Pcm:
    """Return pink noise, made in the frequency domain, so that it repeats without a seam."""
    random = np.random.default_rng(seed)
    frequency = rfftfreq(samples, 1 / RATE)
    spectrum = np.exp(2j * np.pi * random.random(len(frequency)))
    spectrum /= np.sqrt(np.maximum(frequency, 1.0))
    spectrum[frequency < 20] = 0  # inaudible, and it would use up the headroom
    wave = irfft(spectrum, samples)
    wave *= NOISE_RMS * 32767 / np.sqrt(np.mean(wave**2))
    exact: Wave = wave.astype(np.float32)
    return to_pcm(exact)


MAX_FRAMES: Final = 5
"""Frames kept between receiving and sending; the oldest is dropped first."""


class Echo:
    """Both the sink and the source of one call."""

    def __init__(self) -> None:
        self._frames: deque[Pcm] = deque(maxlen=MAX_FRAMES)

    def write(self, frame: Pcm) -> None:
        """Store a received frame."""
        self._frames.append(frame)

    def read(self) -> Pcm:
        """Return the oldest stored frame; silence if there is none."""
        return self._frames.popleft() if self._frames else silence(FRAME)

    def close(self) -> None:
        """Do nothing: no resource is held."""
