"""How long packets are waited for."""

import random

import pytest

from sipcli.media.playout.delays import (
    LONGEST_WAIT_S,
    MARGIN_S,
    TOLERATED,
    UNHEARD_OF_S,
    WINDOW,
    Delays,
)


def after(*transits: float) -> Delays:
    delays = Delays()
    for transit in transits:
        delays.add(transit)
    return delays


def test_before_the_first_packet_nothing_is_known() -> None:
    delays = Delays()
    assert (delays.least, delays.typical, delays.wanted) == (0.0, 0.0, 0.0)


def test_the_latest_of_a_few_is_waited_for() -> None:
    delays = after(5.02, 5.00, 5.07, 5.01)
    assert delays.least == 5.00
    assert delays.typical == 5.02
    assert delays.wanted == pytest.approx(5.07 + MARGIN_S)


def test_one_in_many_is_not_waited_for() -> None:
    delays = after(*[1.0] * (TOLERATED - 1), 1.1)
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
    assert delays.wanted == pytest.approx(1.0 + LONGEST_WAIT_S + MARGIN_S)


def test_what_is_unheard_of_begins_anew() -> None:
    delays = after(1.0, 1.1, 1.1 + UNHEARD_OF_S + 0.01)
    assert delays.least == delays.typical == pytest.approx(1.61)
    assert delays.wanted == pytest.approx(1.61 + MARGIN_S)


def test_it_agrees_with_looking_at_the_whole_window() -> None:
    delays, draw, window = Delays(), random.Random(5), list[float]()
    for _ in range(3 * WINDOW):
        transit = draw.choice((draw.random() / 10, 0.05))
        delays.add(transit)
        window = [*window, transit][-WINDOW:]
        transits = sorted(window)
        assert delays.least == transits[0]
        assert delays.typical == transits[len(transits) // 2]
        assert delays.wanted == transits[-1 - len(transits) // TOLERATED] + MARGIN_S
