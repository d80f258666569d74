"""Which tones count for an expectation."""

import numpy as np
import pytest

from sipcli.expect.tone_tap import ToneTap
from sipcli.media.audio_io.tones import Tone
from sipcli.media.pcm import FRAME, RATE, Pcm, silence


def listen(tone_tap: ToneTap, pcm: Pcm) -> None:
    for at in range(0, len(pcm), FRAME):
        tone_tap.write(silence(FRAME), pcm[at : at + FRAME])


@pytest.mark.parametrize(
    ("hz", "seconds"), [(440.0, 2.0), (448.0, 2.0), (432.0, 2.0), (450.0, 0.0), (430.0, 0.0)]
)
def test_a_tone_within_two_percent_counts(hz: float, seconds: float) -> None:
    tone_tap = ToneTap()
    listen(tone_tap, Tone(hz, amplitude=0.2).frame(2 * RATE))
    assert tone_tap.seconds(440.0) == pytest.approx(seconds)
    assert tone_tap.strongest_hz == pytest.approx(hz, rel=0.001)


@pytest.mark.parametrize(("dominance_db", "seconds"), [(12.0, 2.0), (8.0, 0.0)])
def test_a_tone_has_to_stand_out_by_ten_db(dominance_db: float, seconds: float) -> None:
    tone = Tone(440.0, amplitude=0.2).frame(2 * RATE).astype(float)
    power = 0.2 * 32768 / np.sqrt(2) * 10 ** (-dominance_db / 20)
    hiss = np.random.default_rng(3).standard_normal(2 * RATE) * power
    tone_tap = ToneTap()
    listen(tone_tap, (tone + hiss).astype(np.int16))
    assert tone_tap.seconds(440.0) == pytest.approx(seconds)


def test_only_what_is_received_is_heard() -> None:
    tone_tap = ToneTap()
    tone_tap.write(Tone(440.0, amplitude=0.2).frame(RATE), silence(RATE))
    assert tone_tap.strongest_hz is None


def test_what_came_before_the_answer_is_forgotten() -> None:
    tone_tap = ToneTap()
    listen(tone_tap, Tone(440.0, amplitude=0.2).frame(2 * RATE))
    tone_tap.forget()
    assert tone_tap.seconds(440.0) == 0.0
    assert tone_tap.strongest_hz is None
