"""Axes: round ends, few ticks, and each of them where its value is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.evidence.page.scale import Scale, time_ticks, value_scale, value_ticks


def labels(low: float, high: float) -> list[str]:
    return [tick.label for tick in time_ticks(Scale(low, high))]


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0, 0.118, ["0", "0.05", "0.1 s"]),
        (0, 8.4, ["0", "2", "4", "6", "8 s"]),
        (62, 62.7, ["62", "62.2", "62.4", "62.6 s"]),
        (0, 67.3, ["0", "15", "30", "45", "60 s"]),
        (0, 600, ["0:00", "5:00", "10:00 min"]),
        (0, 7200, ["0:00", "60:00", "120:00 min"]),
    ],
)
def test_times_are_told_in_units_of_a_clock(low: float, high: float, told: list[str]) -> None:
    assert labels(low, high) == told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0, 7, ["0", "2", "4", "6", "8 ms"]),
        (0, 104, ["0", "50", "100", "150 ms"]),
        (-80, 0, ["−80", "−60", "−40", "−20", "0 ms"]),
        (0, 0, ["0", "0.5", "1 ms"]),
        (0, 5e-324, ["0", "0.5", "1 ms"]),
    ],
)
def test_values_have_round_ticks(low: float, high: float, told: list[str]) -> None:
    assert [tick.label for tick in value_ticks(value_scale(low, high), unit="ms")] == told


NUMBERS = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False)


@given(NUMBERS, NUMBERS)
def test_every_axis_has_room_for_its_values_and_few_ticks(one: float, other: float) -> None:
    low, high = sorted((one, other))
    scale = value_scale(low, high)
    assert scale.low <= low + 1e-6 * abs(low)
    assert scale.high >= high - 1e-6 * abs(high)
    ticks = value_ticks(scale)
    assert len(ticks) <= 7
    assert all(0 <= tick.at <= 100 for tick in ticks)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_every_axis_of_time_has_few_ticks(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = time_ticks(Scale(low, high))
    assert len(ticks) <= 8
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


def test_a_value_beyond_an_end_is_at_the_end() -> None:
    scale = Scale(10, 20)
    assert [scale.percent(value) for value in (0, 10, 12.5, 20, 99)] == [0, 0, 25, 100, 100]
    assert Scale(5, 5).percent(5) == 0
