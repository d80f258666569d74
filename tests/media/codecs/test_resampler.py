"""Between 48 kHz and the codecs' rates: what passes, what does not, and when."""

from itertools import pairwise

import numpy as np
import pytest

from sipcli.media.codecs.resampler import Resampler
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.quality.level import dbfs, rms
from tests.media.codecs.tone import level, sine

RATES = pytest.mark.parametrize("rate", [8_000, 16_000])


def converted(resampler: Resampler, pcm: Pcm, frame: int) -> Pcm:
    return np.concatenate(
        [resampler.convert(pcm[at : at + frame]) for at in range(0, len(pcm), frame)]
    )


def down_and_up(rate: int, pcm: Pcm) -> Pcm:
    narrow = converted(Resampler(RATE, rate), pcm, FRAME)
    return converted(Resampler(rate, RATE), narrow, rate // 50)


@RATES
@pytest.mark.parametrize("part", [0.05, 0.2, 0.5, 0.8])
def test_the_band_passes_at_its_level(rate: int, part: float) -> None:
    sent = sine(part * rate / 2)
    assert level(down_and_up(rate, sent)) == pytest.approx(level(sent), abs=0.2)


@RATES
def test_what_the_narrow_side_cannot_hold_does_not_fold_back(rate: int) -> None:
    for hz in (0.6 * rate, 0.75 * rate, 1.4 * rate):
        narrow = converted(Resampler(RATE, rate), sine(hz), FRAME)
        assert dbfs(rms(narrow[rate // 5 :])) < -55


@RATES
def test_widening_adds_no_images(rate: int) -> None:
    t = np.arange(rate) / rate
    narrow = (np.sin(2 * np.pi * 0.35 * rate * t) * 16_000).astype(np.int16)
    wide = converted(Resampler(rate, RATE), narrow, rate // 50)[RATE // 5 :]
    power = np.square(np.abs(np.fft.rfft(wide * np.hanning(len(wide)))))
    above = power[int(0.6 * rate * len(wide) / RATE) :].sum()
    assert 10 * np.log10(above / power.sum()) < -55


@RATES
def test_any_whole_milliseconds_give_exactly_their_samples(rate: int) -> None:
    down, up = Resampler(RATE, rate), Resampler(rate, RATE)
    for milliseconds in (1, 20, 7, 187):
        wide = np.zeros(milliseconds * 48, np.int16)
        narrow = down.convert(wide)
        assert len(narrow) == milliseconds * rate // 1000
        assert len(up.convert(narrow)) == len(wide)


@RATES
def test_frames_make_no_seams(rate: int) -> None:
    sent = sine(0.2 * rate, frames=10)
    whole = Resampler(RATE, rate).convert(sent)
    assert np.array_equal(converted(Resampler(RATE, rate), sent, 48), whole)


@pytest.mark.parametrize(("rate", "milliseconds"), [(8_000, 2.875), (16_000, 1.9375)])
def test_there_and_back_takes_no_longer_than_said(rate: int, milliseconds: float) -> None:
    noise = np.random.default_rng(1).standard_normal(RATE // 2) * 3000
    heard = down_and_up(rate, noise.astype(np.int16)).astype(float)
    lags = [float(np.dot(noise[: RATE // 4], heard[lag:][: RATE // 4])) for lag in range(400)]
    assert int(np.argmax(lags)) / 48 == pytest.approx(milliseconds, abs=0.03)


def test_full_scale_is_clipped_and_does_not_wrap() -> None:
    square = np.where(np.arange(9600) // 240 % 2, 32767, -32768).astype(np.int16)
    narrow = converted(Resampler(RATE, 8_000), square, FRAME)
    assert narrow.max() == 32767
    assert narrow.min() == -32768
    middles = narrow[100::40].astype(int)  # of the half waves, with the filter's delay
    assert np.abs(middles).min() > 30_000


@RATES
def test_stretches_of_changing_length_make_no_seams(rate: int) -> None:
    sent = sine(0.2 * rate, frames=10)
    ends = [0, 960, 1008, 1488, 1536, 1584, 4464, 5424, len(sent)]
    resampler, whole = Resampler(RATE, rate), Resampler(RATE, rate).convert(sent)
    pieces = [resampler.convert(sent[begin:end]) for begin, end in pairwise(ends)]
    assert np.array_equal(np.concatenate(pieces), whole)
