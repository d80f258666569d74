"""How loud a sound is."""

import numpy as np
import pytest

from sipcli.media.audio_io.tones import Tone
from sipcli.media.pcm import FRAME, Pcm
from sipcli.media.quality.level import FLOOR_DBFS, Meter, dbfs, rms


def tone(amplitude: float) -> Pcm:
    return Tone(1000.0, amplitude=amplitude).frame()


def test_a_sine_that_just_fits_is_3_db_below_full_scale() -> None:
    assert dbfs(rms(tone(0.9999))) == pytest.approx(-3.01, abs=0.01)
    assert dbfs(rms(tone(0.1))) == pytest.approx(-23.01, abs=0.01)


def test_the_loudest_and_the_quietest_are_0_and_the_floor() -> None:
    assert dbfs(rms(np.full(FRAME, -32768, np.int16))) == 0.0
    assert dbfs(rms(np.zeros(FRAME, np.int16))) == FLOOR_DBFS
    assert rms(np.zeros(0, np.int16)) == 0.0


def test_a_meter_rises_at_once_and_falls_slowly() -> None:
    meter = Meter()
    assert meter.level_dbfs == FLOOR_DBFS
    meter.measure(tone(0.1))
    assert meter.level_dbfs == pytest.approx(-23.0, abs=0.1)
    meter.measure(tone(0.001))
    assert -35.0 < meter.level_dbfs < -23.5
    for _ in range(100):
        meter.measure(tone(0.001))
    assert meter.level_dbfs == pytest.approx(-63.0, abs=0.5)


def test_it_counts_the_seconds_that_could_be_heard() -> None:
    meter = Meter()
    for amplitude in (0.1, 0.004, 0.005):  # -23, -51 and -49 dBFS
        for _ in range(10):
            meter.measure(tone(amplitude))
    assert meter.audible_s == pytest.approx(0.4)


def test_the_mean_is_that_of_what_could_be_heard() -> None:
    meter = Meter()
    for _ in range(10):
        meter.measure(tone(0.1))
        meter.measure(np.zeros(FRAME, np.int16))
    assert meter.mean_dbfs == pytest.approx(-23.0, abs=0.1)


def test_where_nothing_could_be_heard_the_mean_is_the_loudest() -> None:
    meter = Meter()
    assert meter.mean_dbfs == FLOOR_DBFS
    meter.measure(tone(0.002))
    meter.measure(tone(0.001))
    assert meter.mean_dbfs == pytest.approx(-57.0, abs=0.3)


def test_the_quiet_is_what_was_not_audible_once_there_was_enough_of_it() -> None:
    meter = Meter()
    loud, hush = np.full(960, 8000, np.int16), np.full(960, 33, np.int16)
    for _ in range(24):
        meter.measure(hush)
        meter.measure(loud)
    assert meter.quiet_dbfs is None
    meter.measure(hush)
    assert meter.quiet_dbfs == pytest.approx(-60, abs=0.2)
    assert meter.mean_dbfs == pytest.approx(-12.2, abs=0.1)
