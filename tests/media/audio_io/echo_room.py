"""A room to test in: voices made by arithmetic, and the way from a loudspeaker to a microphone."""

from typing import Final

import numpy as np
import numpy.typing as npt

from sipcli.media.pcm import RATE, Pcm

Sound = npt.NDArray[np.float64]

_SYLLABLE_S: Final = 0.25
_HARMONICS: Final = 40
_REVERBERATION_S: Final = 0.2
"""The time in which an echo falls by 60 dB: a furnished room."""

_LONGEST: Final = 960
"""Samples that are played at a time, at most."""


def voice(seconds: float, pitch: float, seed: int, rms: float = 1500.0) -> Sound:
    """Something like speech: syllables of a buzz near `pitch` Hz, each with a vowel of its own.

    Every fifth one is left out, and breath is in all of them.
    """
    random = np.random.default_rng(seed)
    t = np.arange(round(_SYLLABLE_S * RATE)) / RATE
    envelope = np.sin(np.pi * t / _SYLLABLE_S) ** 0.7
    syllables = []
    for number in range(round(seconds / _SYLLABLE_S)):
        hz = pitch * random.uniform(0.8, 1.3) * np.arange(1, _HARMONICS)
        formants = random.uniform((250, 800, 2200), (850, 2200, 3200))
        gains = sum(1 / (1 + ((hz - formant) / 120) ** 2) for formant in formants) / hz**0.3
        phase = 2 * np.pi * (t + random.uniform(-0.1, 0.1) * t**2)
        vowel = gains @ np.sin(np.outer(hz, phase))
        vowel += random.normal(0, 0.05 * vowel.std(), len(t))
        syllables.append(envelope * vowel * (number % 5 != 4))
    spoken = np.concatenate(syllables)
    return np.asarray(spoken * (rms / spoken.std()))


class Room:
    """What a microphone hears of a loudspeaker, block by block."""

    def __init__(self, delay_s: float, loss_db: float) -> None:
        """`delay_s` is that of buffers and air, `loss_db` what the echo is quieter by."""
        random = np.random.default_rng(7)
        count = round(_REVERBERATION_S * RATE)
        tail = random.normal(size=count) * 10 ** (-3 * np.arange(count) / count)
        tail /= 2 * np.sqrt(np.sum(tail**2))
        tail[0] += 1  # the direct way, 6 dB above all others together
        gain = 10 ** (-loss_db / 20)
        response = gain * np.concatenate((np.zeros(round(delay_s * RATE)), tail))
        self._size = 1 << (len(response) + _LONGEST - 1).bit_length()
        self._spectrum = np.fft.rfft(response, self._size)
        self._ahead = np.zeros(0)

    def echo(self, played: Pcm) -> Sound:
        """What is heard while `played` is played."""
        whole = np.fft.irfft(np.fft.rfft(played, self._size) * self._spectrum, self._size)
        whole[: len(self._ahead)] += self._ahead
        self._ahead = whole[len(played) :]
        return whole[: len(played)]


def decibels(sound: Sound | Pcm) -> float:
    """The mean power, in dB of an arbitrary zero that is the same for all."""
    return 10 * float(np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-9))


def speech_band(sound: Sound | Pcm) -> Sound:
    """What a telephone carries of it: 300 to 3400 Hz."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(hz < 300) | (hz > 3400)] = 0
    return np.fft.irfft(spectrum, len(sound))
