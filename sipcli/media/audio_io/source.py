"""The interface of audio sources, and the generators: silence, tones, noise."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import numpy as np

from sipcli.media.audio_io.tones import Tone
from sipcli.media.pcm import FRAME, RATE, Pcm, Wave, silence, to_pcm

TONE_PEAK: Final = 0.25
"""Of full scale: the peaks have -12 dBFS, and a meter, which shows RMS, says -15 dBFS."""
NOISE_RMS: Final = 0.1
"""Of full scale: -20 dBFS, which leaves room for the peaks of noise."""
_NOISE_FRAMES: Final = 250
"""Frames of noise before it repeats: 5 s."""


class AudioSource(Protocol):
    """A stream of frames. `read` is called from one thread, every 20 ms."""

    @property
    def ended(self) -> bool:
        """True if only silence follows."""

    def read(self) -> Pcm:
        """Return the next frame; silence if there is none. Never blocks, never raises."""

    def close(self) -> None:
        """Release its resources. May be called more than once."""


class Endless:
    """Base of endless sources without resources."""

    ended = False

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


GENERATORS: Final[Mapping[str, Callable[[str], AudioSource]]] = {
    "silence": lambda _: Silence(),
    "noise": lambda _: Noise(),
    "tone": lambda hz: ToneSource(float(hz)),
}
"""Sources that are computed, by their word in `catalog/audio_spec.py`; each takes its value."""


def _pink(samples: int, seed: int) -> Pcm:
    """Noise made in the frequency domain, so that its end fits its beginning."""
    random = np.random.default_rng(seed)
    frequency = np.fft.rfftfreq(samples, 1 / RATE)
    spectrum = np.exp(2j * np.pi * random.random(len(frequency)))
    spectrum /= np.sqrt(np.maximum(frequency, 1.0))
    spectrum[frequency < 20] = 0  # inaudible, and it would use up the headroom
    wave = np.fft.irfft(spectrum, samples)
    wave *= NOISE_RMS * 32767 / np.sqrt(np.mean(wave**2))
    exact: Wave = wave.astype(np.float32)
    return to_pcm(exact)
