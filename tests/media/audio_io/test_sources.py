"""Sources that need nothing from outside."""

import numpy as np
import pytest

from sipcli.media.audio_io.generators import Noise, Silence, ToneSource
from sipcli.media.pcm import FRAME
from sipcli.media.quality.level import dbfs, rms
from tests.media.audio_io.sounds import dominant, frames, sine


@pytest.mark.parametrize("frequency", [0.5, 440.0, 1000.7, 23_999.0])
def test_a_tone_has_no_seam_between_frames(frequency: float) -> None:
    expected = sine(frequency, 10.0, peak=0.25 * 32768)
    difference = frames(ToneSource(frequency), 500).astype(int) - expected
    assert np.abs(difference).max() <= 1


def test_a_tone_is_as_loud_as_documented() -> None:
    pcm = frames(ToneSource(440.0), 50)
    assert dbfs(rms(pcm)) == pytest.approx(-15.05, abs=0.05)
    assert dominant(pcm) == 440.0


def test_noise_is_the_same_for_the_same_seed() -> None:
    first, same, other = (frames(Noise(seed), 10) for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_noise_is_as_loud_as_documented_and_is_not_clipped() -> None:
    pcm = frames(Noise(), 250)
    assert dbfs(rms(pcm)) == pytest.approx(-20.0, abs=0.1)
    assert np.abs(pcm.astype(int)).max() < 32767


def test_noise_has_as_much_power_in_each_octave() -> None:
    pcm = frames(Noise(), 250)
    power = np.abs(np.fft.rfft(pcm)) ** 2
    hz = np.fft.rfftfreq(len(pcm), 1 / 48_000)
    octaves = [power[(hz >= low) & (hz < 2 * low)].sum() for low in (200, 800, 3200, 12_000)]
    assert max(octaves) / min(octaves) < 1.2


def test_a_frame_belongs_to_its_reader() -> None:
    source = Noise()
    first = frames(source, 1)
    again = Noise()
    again.read()[:] = 0
    for _ in range(249):
        again.read()
        source.read()
    assert np.array_equal(source.read(), first)
    assert not np.array_equal(Noise().read(), np.zeros(FRAME))


def test_silence_is_silent() -> None:
    source = Silence()
    assert not frames(source, 3).any()
