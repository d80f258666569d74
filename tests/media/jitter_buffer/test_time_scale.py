"""Making speech shorter and longer."""

from collections.abc import Callable

import numpy as np
import pytest

from sipcli.media.jitter_buffer.time_scale import MAX_LAG, MIN_LAG, best_lag, lengthen, shorten
from sipcli.media.pcm import FRAME, RATE, Pcm


def voice(hz: float, samples: int = FRAME) -> Pcm:
    t = np.arange(samples) / RATE
    wave = sum(np.sin(2 * np.pi * hz * n * t) / n for n in range(1, 8))
    return (np.asarray(wave) * 6000).astype(np.int16)


@pytest.mark.parametrize("hz", [85.0, 120.0, 220.0, 390.0])
def test_the_best_lag_is_a_whole_number_of_periods(hz: float) -> None:
    lag, alike = best_lag(voice(hz), MIN_LAG, MAX_LAG)
    periods = lag * hz / RATE
    assert MIN_LAG <= lag <= MAX_LAG
    assert periods == pytest.approx(round(periods), abs=0.02)
    assert alike > 0.99


def test_a_lag_is_looked_for_within_its_limits() -> None:
    assert best_lag(voice(120.0), 150, 170)[0] in range(150, 171)
    assert best_lag(voice(120.0), 200, 200)[0] == 200


def test_noise_and_silence_are_not_alike() -> None:
    noise = (np.random.default_rng(3).standard_normal(FRAME) * 3000).astype(np.int16)
    assert best_lag(noise, MIN_LAG, MAX_LAG)[1] < 0.6
    assert best_lag(np.zeros(FRAME, np.int16), MIN_LAG, MAX_LAG)[1] == 0.0


@pytest.mark.parametrize("hz", [85.0, 120.0, 220.0, 390.0])
def test_a_voice_loses_or_gains_periods_and_no_seam_is_heard(hz: float) -> None:
    pcm = voice(hz)
    lag, _ = best_lag(pcm, MIN_LAG, MAX_LAG)
    longer = voice(hz, FRAME + MAX_LAG).astype(int)
    for changed in (shorten(pcm, lag), lengthen(pcm, lag)):
        expected = longer[: len(changed)]
        assert np.abs(changed - expected).max() < 0.05 * np.abs(expected).max()
    assert len(shorten(pcm, lag)) == FRAME - lag
    assert len(lengthen(pcm, lag)) == FRAME + lag


@pytest.mark.parametrize("change", [shorten, lengthen])
def test_the_ends_stay_as_they_were(change: Callable[[Pcm, int], Pcm]) -> None:
    pcm = voice(130.0)
    changed = change(pcm, 300)
    assert abs(int(changed[0]) - int(pcm[0])) < 200
    assert np.array_equal(changed[-100:], pcm[-100:])
