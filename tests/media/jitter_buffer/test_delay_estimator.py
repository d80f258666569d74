"""How long packets are waited for."""

import random

import pytest

from sipcli.media.jitter_buffer.delay_estimator import (
    LONG_WAIT_S,
    MARGIN_S,
    MAX_WAIT_S,
    PACKETS_PER_LATE,
    RESET_S,
    WINDOW,
    DelayEstimator,
)


def after(*transits: float) -> DelayEstimator:
    delays = DelayEstimator()
    for transit in transits:
        delays.add(transit)
    return delays


def test_before_the_first_packet_nothing_is_known() -> None:
    delays = DelayEstimator()
    assert (delays.fastest, delays.median, delays.wanted) == (0.0, 0.0, 0.0)


def test_the_latest_of_a_few_is_waited_for() -> None:
    delays = after(5.02, 5.00, 5.07, 5.01)
    assert delays.fastest == 5.00
    assert delays.median == 5.02
    assert delays.wanted == pytest.approx(5.07 + MARGIN_S)


def test_one_in_many_is_not_waited_for() -> None:
    delays = after(*[1.0] * (PACKETS_PER_LATE - 1), 1.1)
    assert delays.wanted == pytest.approx(1.0 + MARGIN_S)
    delays.add(1.1)
    assert delays.wanted == pytest.approx(1.1 + MARGIN_S)


def test_a_rise_is_known_at_once_and_forgotten_with_the_window() -> None:
    delays = after(*[1.0] * WINDOW, 1.08, 1.08, 1.08)
    assert delays.wanted == pytest.approx(1.08 + MARGIN_S)
    for _ in range(WINDOW - 4):
        delays.add(1.0)
    assert delays.wanted == pytest.approx(1.08 + MARGIN_S)
    delays.add(1.0)
    delays.add(1.0)
    assert delays.wanted == pytest.approx(1.0 + MARGIN_S)


def test_the_wait_is_bounded() -> None:
    delays = after(1.0, 1.4, 1.45, 1.49)
    assert delays.wanted == pytest.approx(1.0 + MAX_WAIT_S + MARGIN_S)


def with_stand_ins(packets: int, transits: list[float]) -> DelayEstimator:
    """Of packets that are all as quick, at 1.0 s."""
    delays = after(*[1.0] * packets)
    for transit in transits:
        delays.add_replacement(transit)
    return delays


def test_what_stands_in_for_lost_packets_is_waited_for_once_it_is_more_than_one_in_many() -> None:
    assert with_stand_ins(PACKETS_PER_LATE, [1.04]).wanted == pytest.approx(1.0 + MARGIN_S)
    assert with_stand_ins(PACKETS_PER_LATE, [1.04, 1.04]).wanted == pytest.approx(1.04 + MARGIN_S)
    assert with_stand_ins(PACKETS_PER_LATE - 1, [1.04]).wanted == pytest.approx(1.04 + MARGIN_S)


def test_then_it_is_waited_for_until_all_of_it_is_forgotten() -> None:
    delays = with_stand_ins(WINDOW, [1.04] * 3)
    for _ in range(WINDOW - 2):
        delays.add(1.0)
    delays.add_replacement(1.03)
    assert delays.wanted == pytest.approx(1.04 + MARGIN_S)
    delays.add(1.0)
    delays.add(1.0)
    assert delays.wanted == pytest.approx(1.03 + MARGIN_S)
    for _ in range(WINDOW):
        delays.add(1.0)
    assert delays.wanted == pytest.approx(1.0 + MARGIN_S)


def test_beyond_a_long_wait_only_most_of_it_is_waited_for() -> None:
    spread = [1.0 + 0.005 * nth for nth in range(1, 19)]
    assert with_stand_ins(WINDOW, spread[:10]).wanted == pytest.approx(1.04 + MARGIN_S)
    assert with_stand_ins(WINDOW, spread).wanted == pytest.approx(spread[-4] + MARGIN_S)
    many = [1.04] * 80 + [1.08] * 7
    assert with_stand_ins(WINDOW, many).wanted == pytest.approx(1.08 + MARGIN_S)
    assert with_stand_ins(WINDOW, many[:-1]).wanted == pytest.approx(1.04 + MARGIN_S)
    few_late = [*[1.04] * 18, 1.08, 1.08, 1.08]
    assert with_stand_ins(WINDOW, few_late).wanted == pytest.approx(1.04 + MARGIN_S)
    assert 1.04 < 1.0 + LONG_WAIT_S < 1.08


def test_what_stands_in_for_packets_before_the_first_is_not_looked_at() -> None:
    delays = DelayEstimator()
    delays.add_replacement(5.0)
    assert delays.wanted == 0.0
    delays.add(1.0)
    assert delays.wanted == pytest.approx(1.0 + MARGIN_S)


def test_the_wait_for_what_stands_in_is_bounded_too() -> None:
    delays = with_stand_ins(WINDOW, [2.0] * 600)
    assert delays.wanted == pytest.approx(1.0 + MAX_WAIT_S + MARGIN_S)


def test_what_is_unheard_of_begins_anew() -> None:
    delays = after(1.0, 1.1, 1.1 + RESET_S + 0.01)
    assert delays.fastest == delays.median == pytest.approx(1.61)
    assert delays.wanted == pytest.approx(1.61 + MARGIN_S)


def test_it_agrees_with_looking_at_the_whole_window() -> None:
    delays, draw, window = DelayEstimator(), random.Random(5), list[float]()
    for _ in range(3 * WINDOW):
        transit = draw.choice((draw.random() / 10, 0.05))
        delays.add(transit)
        window = [*window, transit][-WINDOW:]
        transits = sorted(window)
        assert delays.fastest == transits[0]
        assert delays.median == transits[len(transits) // 2]
        assert delays.wanted == transits[-1 - len(transits) // PACKETS_PER_LATE] + MARGIN_S
