"""What is made up in place of lost sound (after ITU-T G.711 Appendix I)."""

import numpy as np
import pytest

from sipcli.media.codecs.concealment import Concealer
from sipcli.media.pcm import Pcm

RATE = 8_000
FRAME = 160


def periodic(hz: float, samples: int = 4000) -> Pcm:
    """A sound with overtones, such as a voice has."""
    t = np.arange(samples) / RATE
    wave = sum(np.sin(2 * np.pi * hz * n * t) / n for n in range(1, 6))
    return (np.asarray(wave) * 6000).astype(np.int16)


def follow(concealer: Concealer, pcm: Pcm) -> None:
    for at in range(0, len(pcm), FRAME):
        concealer.good(pcm[at : at + FRAME])


@pytest.mark.parametrize("hz", [70.0, 100.0, 123.0, 181.0])
def test_a_voice_goes_on_at_its_pitch_and_phase(hz: float) -> None:
    sound = periodic(hz)
    concealer = Concealer(RATE)
    follow(concealer, sound[:3200])
    made_up = concealer.conceal(80)
    assert np.corrcoef(made_up, sound[3200:3280])[0, 1] > 0.97


def test_it_keeps_its_level_for_10_ms_and_is_gone_after_60() -> None:
    concealer = Concealer(RATE)
    follow(concealer, periodic(100.0))
    made_up = np.abs(concealer.conceal(10 * FRAME).astype(int))
    assert made_up[:80].max() > 0.95 * np.abs(periodic(100.0).astype(int)).max()
    assert made_up[240:320].max() < 0.75 * made_up[:80].max()
    assert made_up[480:].max() == 0


def test_the_length_of_the_pieces_makes_no_difference() -> None:
    one, other = Concealer(RATE), Concealer(RATE)
    follow(one, periodic(110.0))
    follow(other, periodic(110.0))
    pieces = [other.conceal(samples) for samples in (8, 72, 100, 60, 200, 120)]
    assert np.array_equal(one.conceal(560), np.concatenate(pieces))


def test_the_return_is_blended_for_longer_after_a_longer_gap() -> None:
    blends = []
    for lost in (80, 160, 480):
        concealer = Concealer(RATE)
        follow(concealer, periodic(100.0))
        concealer.conceal(lost)
        back = np.full(FRAME, 9000, np.int16)
        changed = np.flatnonzero(concealer.good(back) != back)
        blends.append(len(changed))
        assert np.array_equal(changed, np.arange(len(changed)))
    assert blends == [64, 80, 80]  # 4 ms, and 4 more for each 10 ms that were lost, to 10 ms


def test_untouched_sound_passes_unchanged() -> None:
    concealer = Concealer(RATE)
    sound = periodic(100.0)
    assert concealer.good(sound) is sound


def test_nothing_is_made_up_of_nothing() -> None:
    assert not Concealer(RATE).conceal(FRAME).any()


def test_what_was_made_up_is_remembered_as_heard() -> None:
    """Else the next concealment would look for its pitch across a seam."""
    sound = periodic(123.0)
    concealer = Concealer(RATE)
    follow(concealer, sound[:3200])
    concealer.conceal(97)
    concealer.good(sound[3297:3337])
    assert np.corrcoef(concealer.conceal(60), sound[3337:3397])[0, 1] > 0.95
