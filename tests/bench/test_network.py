"""The bad networks of the benchmark."""

from itertools import groupby, pairwise

import pytest

from scripts.bench.network import CLEAN, Impairment, Lane

MANY = 40_000


def arrivals(impairment: Impairment, seed: int = 1, count: int = MANY) -> list[float | None]:
    """Of datagrams sent every 20 ms, how long each took, in ms; None for those lost."""
    lane = Lane(impairment, seed)
    sent = [number * 0.020 for number in range(count)]
    found = [lane.arrival(now) for now in sent]
    return [
        None if came is None else 1000 * (came - now) for now, came in zip(sent, found, strict=True)
    ]


def runs(found: list[float | None]) -> list[int]:
    """The lengths of the runs of lost datagrams."""
    return [len(list(group)) for lost, group in groupby(each is None for each in found) if lost]


def test_a_clean_network_does_nothing() -> None:
    assert arrivals(CLEAN, count=100) == pytest.approx([0.0] * 100)


@pytest.mark.parametrize("burst", [1.0, 3.0])
@pytest.mark.parametrize("loss", [2.0, 5.0, 20.0])
def test_as_many_are_lost_as_were_asked_for(loss: float, burst: float) -> None:
    found = arrivals(Impairment(loss_percent=loss, burst=burst))
    assert 100 * found.count(None) / MANY == pytest.approx(loss, rel=0.15)


def test_independent_losses_make_runs_of_chance_and_bursts_longer_ones() -> None:
    alone, bursts = (
        runs(arrivals(Impairment(loss_percent=5, burst=burst))) for burst in (1.0, 3.0)
    )
    assert sum(alone) / len(alone) == pytest.approx(1 / 0.95, rel=0.05)
    assert sum(bursts) / len(bursts) == pytest.approx(3.0, rel=0.1)


def test_jitter_spreads_the_delay_evenly_and_leaves_the_order() -> None:
    found = [each for each in arrivals(Impairment(delay_ms=40, jitter_ms=20)) if each is not None]
    assert 20 <= min(found) <= max(found) <= 60
    assert sum(found) / len(found) > 40  # some wait for those before them
    assert all(other - one >= -20 - 1e-6 for one, other in pairwise(found))


def test_the_same_seed_gives_the_same_network_and_another_another() -> None:
    how = Impairment(loss_percent=10, delay_ms=40, jitter_ms=20)
    assert arrivals(how, seed=1, count=200) == arrivals(how, seed=1, count=200)
    assert arrivals(how, seed=1, count=200) != arrivals(how, seed=2, count=200)


@pytest.mark.parametrize(
    ("impairment", "text"),
    [
        (CLEAN, "nothing"),
        (Impairment(loss_percent=5), "5 % loss"),
        (Impairment(loss_percent=5, burst=3), "5 % loss in bursts of 3"),
        (Impairment(loss_percent=2, delay_ms=40, jitter_ms=20), "2 % loss, 40±20 ms"),
        (Impairment(delay_ms=40), "40 ms"),
    ],
)
def test_it_says_what_it_does(impairment: Impairment, text: str) -> None:
    assert str(impairment) == text
