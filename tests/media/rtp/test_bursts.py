"""Bursts and gaps (RFC 3611 §4.7.2, appendix A.2)."""

import random

import pytest

from sipcli.media.rtp.bursts import BurstMetrics


def judged(pattern: str) -> BurstMetrics:
    """Of frames: `.` for a good one, `x` for one that was lost."""
    bursts = BurstMetrics()
    for frame in pattern:
        if frame == "x":
            bursts.add_lost()
        else:
            bursts.add_good()
    return bursts


def test_without_losses_all_is_one_gap() -> None:
    bursts = judged("." * 100)
    assert (bursts.lost_rate, bursts.burst_density, bursts.gap_density) == (0, 0, 0)
    assert (bursts.burst_duration_ms, bursts.gap_duration_ms) == (0, 2000)
    assert BurstMetrics().gap_duration_ms == 0


def test_losses_that_are_far_apart_belong_to_the_gap() -> None:
    bursts = judged(("." * 19 + "x") * 5 + "." * 100)
    assert bursts.lost_rate == 0.025
    assert (bursts.burst_density, bursts.burst_duration_ms) == (0, 0)
    assert (bursts.gap_density, bursts.gap_duration_ms) == (0.025, 4000)


def test_losses_in_a_row_are_a_burst() -> None:
    bursts = judged("." * 47 + "xxx" + "." * 50)
    assert bursts.lost_rate == 0.03
    assert (bursts.burst_density, bursts.burst_duration_ms) == (1.0, 60)
    assert (bursts.gap_density, bursts.gap_duration_ms) == (0, 970)


@pytest.mark.parametrize(("apart", "bursts"), [(15, 1), (16, 0)])
def test_sixteen_good_frames_end_a_burst(apart: int, bursts: int) -> None:
    found = judged("." * 50 + "x" + "." * apart + "x" + "." * 50)
    assert found.burst_duration_ms == bursts * 17 * 20
    assert found.burst_density == pytest.approx(bursts * 2 / 17)


def test_several_bursts_are_told_on_average() -> None:
    bursts = judged("." * 20 + "xx" + "." * 20 + "x..x" + "." * 30 + "x" + "." * 29)
    assert bursts.burst_duration_ms == 3 * 20
    assert bursts.burst_density == 4 / 6
    assert bursts.gap_density == pytest.approx(1 / 100)
    assert bursts.gap_duration_ms == round(100 * 20 / 3)


def test_frames_may_be_counted_together() -> None:
    one, other = judged("..xxx" + "." * 30 + "xx"), BurstMetrics()
    other.add_good(2)
    other.add_lost(3)
    other.add_good(30)
    other.add_lost(2)
    assert (one.burst_density, one.burst_duration_ms) == (1.0, 50)
    assert (other.burst_density, other.burst_duration_ms) == (1.0, 50)


@pytest.mark.parametrize(("loss", "end", "are_bursts"), [(0.05, 1.0, False), (0.05, 1 / 3, True)])
def test_bursts_of_three_are_told_from_losses_at_random(
    loss: float, end: float, are_bursts: bool
) -> None:
    draw, bursts, is_bad = random.Random(7), BurstMetrics(), False
    for _ in range(20_000):
        begin = loss * end / (1 - loss) if end < 1 else loss
        is_bad = draw.random() >= end if is_bad and end < 1 else draw.random() < begin
        if is_bad:
            bursts.add_lost()
        else:
            bursts.add_good()
    assert bursts.lost_rate == pytest.approx(loss, rel=0.2)
    assert (bursts.burst_density > 0.4) is are_bursts
