"""When the delay is changed, and how."""

from itertools import pairwise

import numpy as np
import pytest

from sipcli.media.jitter_buffer.delay_control import DelayControl
from sipcli.media.pcm import FRAME, RATE, Pcm

SILENCE = np.zeros(FRAME, np.int16)


def voice(frame: int) -> Pcm:
    t = (np.arange(FRAME) + frame * FRAME) / RATE
    return (np.sin(2 * np.pi * 210 * t) * 9000).astype(np.int16)


def hiss(frame: int) -> Pcm:
    noise = np.random.default_rng(frame).standard_normal(FRAME)
    return (noise * 3000).astype(np.int16)


def observed(pacing: DelayControl, lead_s: float, count: int, held: int = 0) -> None:
    for _ in range(count):
        pacing.observe(lead_s, held, FRAME)


def applied(pacing: DelayControl, pcm: Pcm) -> Pcm:
    return pacing.apply(pcm, FRAME) if pacing.pending else pcm


def changed(pacing: DelayControl, frames: list[Pcm]) -> int:
    """By how many samples they are longer than before."""
    return sum(len(applied(pacing, frame)) - len(frame) for frame in frames)


def test_nothing_is_changed_while_packets_come_in_time() -> None:
    pacing = DelayControl()
    observed(pacing, 0.0, 100)
    observed(pacing, 0.0225, 100)
    assert changed(pacing, [SILENCE] * 50) == 0


def test_a_packet_too_late_puts_in_a_quantum_at_once() -> None:
    pacing = DelayControl()
    observed(pacing, -0.001, 1)
    assert FRAME <= changed(pacing, [SILENCE] * 10) <= FRAME + 120
    assert FRAME <= pacing.inserted <= FRAME + 120


@pytest.mark.parametrize(("lead_s", "quanta"), [(-0.019, 1), (-0.021, 2), (-0.099, 5)])
def test_as_many_quanta_are_put_in_as_are_missing(lead_s: float, quanta: int) -> None:
    pacing = DelayControl()
    observed(pacing, lead_s, 1)
    assert quanta * FRAME <= changed(pacing, [SILENCE] * 50) <= quanta * FRAME + 120


def test_what_is_held_already_need_not_be_put_in() -> None:
    pacing = DelayControl()
    observed(pacing, -0.001, 1, held=600)
    assert 360 <= changed(pacing, [SILENCE] * 10) <= 480


def test_half_a_second_of_waiting_too_long_leaves_a_quantum_out() -> None:
    pacing = DelayControl()
    observed(pacing, 0.0235, 24)
    assert changed(pacing, [SILENCE] * 10) == 0
    observed(pacing, 0.0235, 1)
    assert -FRAME <= changed(pacing, [SILENCE] * 20) <= -FRAME + 120


def test_a_long_wait_is_shortened_sooner_and_by_more() -> None:
    pacing = DelayControl()
    observed(pacing, 0.105, 5)
    assert -5 * FRAME <= changed(pacing, [SILENCE] * 50) <= -5 * FRAME + 120


def test_one_packet_that_had_to_hurry_keeps_the_wait() -> None:
    pacing = DelayControl()
    observed(pacing, 0.05, 20)
    observed(pacing, 0.001, 1)
    observed(pacing, 0.05, 4)
    assert changed(pacing, [SILENCE] * 10) == 0


def test_sound_that_is_held_for_nothing_is_left_out() -> None:
    pacing = DelayControl()
    observed(pacing, 0.001, 25, held=500)
    assert -500 <= changed(pacing, [SILENCE] * 10) <= -380


@pytest.mark.parametrize(("lead_s", "most"), [(-1e6, RATE // 2 + FRAME), (1e6, RATE // 2)])
def test_no_change_is_larger_than_what_can_wait(lead_s: float, most: int) -> None:
    pacing = DelayControl()
    observed(pacing, lead_s, 25)
    assert 0 < abs(changed(pacing, [SILENCE] * 500)) <= most


def test_a_new_shortage_puts_an_end_to_leaving_out() -> None:
    pacing = DelayControl()
    observed(pacing, 0.105, 5)
    assert changed(pacing, [SILENCE] * 2) < 0
    observed(pacing, -0.001, 1)
    assert changed(pacing, [SILENCE] * 10) > 0


def test_voiced_speech_is_changed_where_it_repeats() -> None:
    pacing = DelayControl()
    observed(pacing, 0.0235, 25)
    frames = [applied(pacing, voice(n)) for n in range(20)]
    assert pacing.removed > 800
    joined = np.concatenate(frames).astype(int)
    assert np.abs(np.diff(joined)).max() < 1.5 * 9000 * 2 * np.pi * 210 / RATE


def test_speech_is_not_rushed() -> None:
    pacing = DelayControl()
    observed(pacing, 0.105, 5)
    lengths = [len(applied(pacing, voice(n))) for n in range(10)]
    assert not any(one < FRAME and other < FRAME for one, other in pairwise(lengths))


def test_where_nothing_repeats_it_waits_but_not_for_ever() -> None:
    pacing = DelayControl()
    observed(pacing, -0.001, 1)
    assert changed(pacing, [hiss(n) for n in range(3)]) == 0
    assert changed(pacing, [hiss(n) for n in range(60)]) >= FRAME


def test_pieces_too_short_for_a_seam_are_left_alone() -> None:
    pacing = DelayControl()
    observed(pacing, -0.001, 1)
    assert changed(pacing, [SILENCE[:480]] * 20) == 0


@pytest.mark.parametrize(
    ("lead_s", "count", "pause", "length"),
    [
        (-0.001, 1, 960, 1920),
        (-0.001, 1, 100, 200),
        (0.0235, 25, 960, 0),
        (0.0235, 25, 480, 0),
        (0.0235, 25, 4800, 3840),
        (0.0, 25, 960, 960),
    ],
)
def test_a_pause_takes_the_whole_change(lead_s: float, count: int, pause: int, length: int) -> None:
    pacing = DelayControl()
    observed(pacing, lead_s, count)
    assert pacing.pause(pause) == length
    assert pacing.inserted - pacing.removed == length - pause
