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
        concealer.add_decoded(pcm[at : at + FRAME])


@pytest.mark.parametrize("hz", [70.0, 100.0, 123.0, 181.0])
def test_a_voice_goes_on_at_its_pitch_and_phase(hz: float) -> None:
    sound = periodic(hz)
    concealer = Concealer(RATE)
    follow(concealer, sound[:3200])
    made_up = concealer.conceal(80)
    assert np.corrcoef(made_up, sound[3200:3280])[0, 1] > 0.97


def test_it_keeps_its_level_for_10_ms_and_is_gone_after_110() -> None:
    concealer = Concealer(RATE)
    follow(concealer, periodic(100.0))
    made_up = np.abs(concealer.conceal(10 * FRAME).astype(int))
    assert made_up[:80].max() > 0.95 * np.abs(periodic(100.0).astype(int)).max()
    assert made_up[400:480].max() < 0.65 * made_up[:80].max()
    assert 0 < made_up[720:880].max() < 0.25 * made_up[:80].max()
    assert made_up[880:].max() == 0


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
        changed = np.flatnonzero(concealer.add_decoded(back) != back)
        blends.append(len(changed))
        assert np.array_equal(changed, np.arange(len(changed)))
    assert blends == [64, 80, 80]  # 4 ms, and 4 more for each 10 ms that were lost, to 10 ms


def test_untouched_sound_passes_unchanged() -> None:
    concealer = Concealer(RATE)
    sound = periodic(100.0)
    assert concealer.add_decoded(sound) is sound


def test_nothing_is_made_up_of_nothing() -> None:
    assert not Concealer(RATE).conceal(FRAME).any()


def test_what_was_made_up_is_remembered_as_heard() -> None:
    """Else the next concealment would look for its pitch across a seam."""
    sound = periodic(123.0)
    concealer = Concealer(RATE)
    follow(concealer, sound[:3200])
    concealer.conceal(97)
    concealer.add_decoded(sound[3297:3337])
    assert np.corrcoef(concealer.conceal(60), sound[3337:3397])[0, 1] > 0.95


def gap_in(sound: Pcm, begin: int, length: int, *, known: bool) -> Pcm:
    """`sound` with a gap that is made up, the sound after it `known` or not, and 20 ms more."""
    concealer = Concealer(RATE)
    follow(concealer, sound[:begin])
    after = sound[begin + length : begin + length + FRAME]
    made_up = concealer.conceal(length, after if known else None)
    return np.concatenate((made_up, concealer.add_decoded(after)))


@pytest.mark.parametrize("length", [FRAME, 3 * FRAME])
def test_what_is_known_to_follow_is_gone_towards(length: int) -> None:
    """The pitch has changed behind the gap: only who knows that can meet it."""
    before, after = periodic(110.0, 3200 + length // 2), periodic(140.0, 4000)
    sound = np.concatenate((before, after))
    truth = sound[3200 : 3200 + length + FRAME].astype(float)
    errors = {
        known: np.square(gap_in(sound, 3200, length, known=known) - truth).sum()
        for known in (False, True)
    }
    assert errors[True] < 0.6 * errors[False]


def test_what_was_known_to_follow_is_played_untouched_and_without_a_step() -> None:
    sound = np.concatenate((periodic(110.0, 3280), periodic(140.0)))
    heard = gap_in(sound, 3200, FRAME, known=True)
    assert np.array_equal(heard[FRAME:], sound[3200 + FRAME : 3200 + 2 * FRAME])
    steps = np.abs(np.diff(sound.astype(int))).max()
    assert np.abs(np.diff(heard.astype(int))).max() < 1.5 * steps


def test_after_a_gap_whose_end_was_known_the_next_one_begins_anew() -> None:
    sound = periodic(110.0)
    concealer = Concealer(RATE)
    follow(concealer, sound[:1600])
    concealer.conceal(FRAME, sound[1760:1920])
    concealer.add_decoded(sound[1760:1920])
    made_up = concealer.conceal(80)
    assert np.corrcoef(made_up, sound[1920:2000])[0, 1] > 0.97


@pytest.mark.parametrize("samples", [80, 100, 160, 1000])
def test_what_follows_may_be_short_silent_or_noise(samples: int) -> None:
    noise = np.random.default_rng(7).integers(-32768, 32768, samples).astype(np.int16)
    for following in (noise, np.zeros(samples, np.int16)):
        concealer = Concealer(RATE)
        follow(concealer, periodic(90.0))
        assert len(concealer.conceal(FRAME, following)) == FRAME
