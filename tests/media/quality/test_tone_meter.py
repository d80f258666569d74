"""Which tone is heard."""

import numpy as np
import pytest

from sipcli.catalog.codecs import CODECS, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.codecs.codec import make_decoder, make_encoder
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.quality.tone_meter import TOLERANCE, WINDOW, ToneMeter, measure


def noise(amplitude: float, samples: int = WINDOW) -> Pcm:
    return (np.random.default_rng(8).standard_normal(samples) * amplitude).astype(np.int16)


@pytest.mark.parametrize("hz", [60.3, 99.7, 440.0, 441.3, 1000.0, 3333.3, 7000.1, 15_000.0])
def test_a_frequency_is_told_far_better_than_to_half_a_percent(hz: float) -> None:
    reading = measure(Tone(hz, amplitude=0.1).frame(WINDOW))
    assert reading.frequency_hz == pytest.approx(hz, rel=TOLERANCE / 5)
    assert reading.dominance_db > 30
    assert reading.level_dbfs == pytest.approx(-23.0, abs=0.1)


def test_dominance_is_the_power_over_all_the_rest() -> None:
    tone = Tone(1000.0, amplitude=0.1).frame(WINDOW).astype(float)
    for power in (0.1, 1.0, 10.0):
        hiss = noise(0.1 * 32768 / np.sqrt(2) * np.sqrt(power)).astype(float)
        reading = measure((tone + hiss).astype(np.int16))
        assert reading.dominance_db == pytest.approx(-10 * np.log10(power), abs=1.0)


@pytest.mark.parametrize("pcm", [np.zeros(WINDOW, np.int16), np.full(WINDOW, 5000, np.int16)])
def test_silence_and_a_steady_voltage_are_no_tone(pcm: Pcm) -> None:
    meter = ToneMeter()
    meter.add(pcm)
    assert meter.strongest_hz is None


def test_seconds_are_counted_where_the_tone_dominates() -> None:
    meter = ToneMeter()
    tone = Tone(440.0, amplitude=0.2)
    for _ in range(100):
        meter.add(tone.frame())
    meter.add(noise(3000, RATE))
    meter.add(Tone(880.0, amplitude=0.2).frame(RATE))
    assert meter.seconds(440.0) == pytest.approx(2.0)
    assert meter.seconds(440.0 * 1.004) == pytest.approx(2.0)
    assert meter.seconds(440.0 * 0.993) == 0.0
    assert meter.seconds(880.0) == pytest.approx(1.0)
    assert meter.strongest_hz == pytest.approx(440.0, abs=0.2)


def test_a_tone_too_faint_to_hear_does_not_count() -> None:
    meter = ToneMeter()
    meter.add(Tone(440.0, amplitude=0.004).frame(RATE))
    assert meter.seconds(440.0) == 0.0


def test_two_tones_of_the_same_strength_dominate_neither() -> None:
    meter = ToneMeter()
    meter.add(Tone(440.0, 620.0, amplitude=0.3).frame(RATE))
    assert meter.strongest_hz is None


@pytest.mark.parametrize("codec", CODECS.values(), ids=list(CODECS))
def test_a_tone_is_known_after_every_codec(codec: Codec) -> None:
    encoder, decoder, tone, meter = (
        make_encoder(codec),
        make_decoder(codec),
        Tone(440.0),
        ToneMeter(),
    )
    for _ in range(100):
        payload = encoder.encode(tone.frame(FRAME))
        meter.add(decoder.decode(payload))
    assert meter.seconds(440.0) >= 1.6


def test_the_latest_tone_is_that_of_the_last_second() -> None:
    meter = ToneMeter()
    assert meter.latest_hz is None
    assert meter.latest_dbfs == -96.0
    meter.add(Tone(440.0, amplitude=0.1).frame(3 * RATE))
    assert meter.latest_hz == pytest.approx(440.0, rel=TOLERANCE)
    assert meter.latest_dbfs == pytest.approx(-23.0, abs=0.1)
    meter.add(Tone(1000.0, amplitude=0.1).frame(RATE))
    assert meter.latest_hz == pytest.approx(1000.0, rel=TOLERANCE)
    meter.add(np.zeros(RATE, np.int16))
    assert meter.latest_hz is None
    assert meter.latest_dbfs == -96.0


def test_one_bad_window_does_not_hide_the_latest_tone() -> None:
    meter = ToneMeter()
    meter.add(Tone(440.0, amplitude=0.1).frame(3 * WINDOW))
    meter.add(noise(3000.0))
    assert meter.latest_hz == pytest.approx(440.0, rel=TOLERANCE)


def test_the_latest_tone_is_known_as_soon_as_it_was_heard_at_all() -> None:
    for late in range(10):
        meter = ToneMeter(10.0)
        meter.add(np.zeros(late * FRAME, np.int16))
        meter.add(Tone(440.0, amplitude=0.1).frame(25 * FRAME))
        assert meter.latest_hz == pytest.approx(440.0, rel=TOLERANCE)


def test_tones_that_change_all_the_time_are_none() -> None:
    meter = ToneMeter()
    for hz in (300.0, 500.0, 700.0, 900.0, 1100.0):
        meter.add(Tone(hz, amplitude=0.1).frame(WINDOW))
    assert meter.latest_hz is None
