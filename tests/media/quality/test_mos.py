"""The E-model (ITU-T G.107, G.107.1)."""

from itertools import pairwise

import pytest

from sipcli.catalog.codecs import CODECS, Impairment
from sipcli.media.quality.mos import IMPAIRMENTS, mos, rating

G711 = IMPAIRMENTS["pcmu"]
ALL = pytest.mark.parametrize("impairment", IMPAIRMENTS.values(), ids=list(IMPAIRMENTS))


def test_every_codec_has_its_impairment() -> None:
    assert set(IMPAIRMENTS) == set(CODECS)


def test_a_clean_g711_call_has_the_rating_of_the_recommendation() -> None:
    assert rating(G711, 0.0, 1.0, 0.0) == pytest.approx(93.2)
    assert mos(G711, 0.0, 1.0, 0.0) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(("loss", "impaired"), [(1.0, 3.64), (5.0, 15.78), (20.0, 42.13)])
def test_losses_cost_what_the_recommendation_says(loss: float, impaired: float) -> None:
    """Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl) (G.107 §7.5)."""
    assert 93.2 - rating(G711, loss, 1.0, 0.0) == pytest.approx(impaired, abs=0.01)


@pytest.mark.parametrize(
    ("delay", "impaired"), [(0, 0.0), (100, 0.0), (200, 3.04), (300, 14.76), (400, 24.07)]
)
def test_delay_costs_nothing_to_100_ms_and_then_more_and_more(delay: int, impaired: float) -> None:
    assert 93.2 - rating(G711, 0.0, 1.0, delay) == pytest.approx(impaired, abs=0.01)


@ALL
def test_more_of_anything_bad_is_never_better(impairment: Impairment) -> None:
    for scale in (
        [mos(impairment, loss, 1.0, 50) for loss in range(0, 101, 5)],
        [mos(impairment, 5.0, burst, 50) for burst in (0.5, 1.0, 2.0, 4.0)],
        [mos(impairment, 1.0, 1.0, delay) for delay in range(0, 2000, 50)],
    ):
        assert all(1.0 <= worse <= better <= 4.5 for better, worse in pairwise(scale))


def test_the_scale_ends_at_1_and_at_4_and_a_half() -> None:
    assert mos(G711, 100.0, 50.0, 5000.0) == 1.0
    perfect = Impairment(-10.0, 25.1, wide_band=False)
    assert mos(perfect, 0.0, 1.0, 0.0) == 4.5


def test_wide_band_codecs_are_better_when_all_is_well() -> None:
    clean = {name: mos(one, 0.0, 1.0, 50.0) for name, one in IMPAIRMENTS.items()}
    assert clean["opus"] > clean["pcmu"] == clean["pcma"] > 4.4
    assert clean["g722"] > 4.3
