"""The spectrogram: where a tone shows, how loud, when, and that it stays small."""

import numpy as np
import pytest

from sipcli.media.pcm import RATE, Pcm, silence
from sipcli.media.quality.level import FLOOR_DBFS
from sipcli.media.quality.spectrogram import BANDS, MAX_COLUMNS, Spectrogram, SpectrogramMeter


def tone(hz: float, seconds: float, peak: float = 16384.0) -> Pcm:
    times = np.arange(int(seconds * RATE)) / RATE
    return np.rint(peak * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def spectrogram_of(*sounds: Pcm) -> Spectrogram:
    meter = SpectrogramMeter()
    for frame in np.split(np.concatenate(sounds), range(960, sum(map(len, sounds)), 960)):
        meter.add(frame)
    found = meter.read()
    assert found is not None
    return found


def loudest_band(found: Spectrogram, column: int) -> tuple[float, float, float]:
    """Its edges in Hz and its loudness in dBFS."""
    band = max(range(BANDS), key=lambda each: found.columns[column][each])
    low, high = found.edges_hz[band : band + 2]
    return low, high, found.columns[column][band] + FLOOR_DBFS


@pytest.mark.parametrize("hz", [110, 440, 1000, 3400, 7000, 15000])
def test_a_tone_is_in_its_band_and_as_loud_as_it_is(hz: float) -> None:
    low, high, loudness = loudest_band(spectrogram_of(tone(hz, 1.0)), 5)
    assert low - 10 <= hz <= high + 10  # frequencies lie 20 Hz apart
    assert loudness == pytest.approx(-6, abs=1.5)  # half of full scale


def test_each_column_shows_its_own_time() -> None:
    found = spectrogram_of(tone(440, 1.0), silence(RATE), tone(2000, 1.0))
    assert found.column_s == 0.1
    assert len(found.columns) == 30
    low, high, _ = loudest_band(found, 5)
    assert low <= 440 <= high
    assert max(found.columns[15]) == 0
    assert loudest_band(found, 25)[1] > 1900


def test_the_bands_reach_from_0_to_20_khz_and_grow_with_pitch() -> None:
    edges = spectrogram_of(silence(RATE)).edges_hz
    assert edges[0] == 0
    assert edges[-1] == pytest.approx(20000)
    widths = np.diff(edges)
    assert (np.diff(widths) > 0).all()


def test_however_long_it_lasts_it_stays_small_and_keeps_its_times() -> None:
    meter = SpectrogramMeter()
    loud, quiet = tone(1000, 1.0), silence(RATE)
    for _ in range(40):
        meter.add(loud)
    for _ in range(40):
        meter.add(quiet)
    found = meter.read()
    assert found is not None
    assert len(found.columns) < MAX_COLUMNS
    assert len(found.columns) * found.column_s == pytest.approx(80, abs=found.column_s)
    is_loud = [max(column) > 60 for column in found.columns]
    assert is_loud.index(False) * found.column_s == pytest.approx(40, abs=2 * found.column_s)
    assert is_loud == sorted(is_loud, reverse=True)


def test_what_was_added_in_pieces_is_the_same_as_in_one() -> None:
    sound = np.concatenate((tone(440, 0.73), tone(3000, 0.5), silence(4321)))
    whole, pieces = SpectrogramMeter(), SpectrogramMeter()
    whole.add(sound)
    for piece in np.split(sound, range(777, len(sound), 777)):
        pieces.add(piece)
        pieces.read()
    assert whole.read() == pieces.read()


def test_without_sound_there_is_none() -> None:
    meter = SpectrogramMeter()
    assert meter.read() is None
    meter.add(silence(100))
    assert meter.read() is None
