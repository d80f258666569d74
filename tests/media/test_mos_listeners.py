"""The estimate of how a call sounds ranks calls as PESQ does, which has heard them."""

from concurrent.futures import ProcessPoolExecutor
from statistics import fmean
from typing import Final, NamedTuple

import pytest

from scripts.bench import speech
from scripts.bench.network import CLEAN, Impairment

CODECS: Final = ("opus", "g722", "pcmu")
NETWORKS: Final = (
    CLEAN,
    *(Impairment(loss_percent=loss) for loss in (2, 5, 10, 20)),
    *(Impairment(loss_percent=loss, burst=3) for loss in (5, 10, 20)),
    Impairment(delay_ms=40, jitter_ms=20),
    Impairment(loss_percent=5, delay_ms=40, jitter_ms=20),
)
SPOKEN: Final = speech.PROMPTS[:2]


class Opinion(NamedTuple):
    """Of one call."""

    codec: str
    ours: float
    heard: float


def opinion(codec: str, network: Impairment) -> Opinion:
    """A call in virtual time, and what PESQ says of what came out of it."""
    from scripts.bench.align import pair
    from scripts.bench.listeners import pesq_of
    from scripts.bench.virtual import call
    from sipcli.media.pcm import RATE

    pcm = speech.speech(speech.WARM_UP[:1] + SPOKEN)
    first = call(codec, pcm, network, seed=1)[0]
    pairs = [
        pair(first.spoken, first.heard, (1 + number) * speech.SEGMENT_S * RATE)
        for number in range(len(SPOKEN))
    ]
    heard = [1.0 if each is None else pesq_of(each, wide_band=codec != "pcmu") for each in pairs]
    ours = first.statistics.mos
    assert ours is not None
    return Opinion(codec, ours, fmean(heard))


@pytest.fixture(scope="module")
def opinions() -> list[Opinion]:
    """Of all calls."""
    pytest.importorskip("pesq", reason="pesq is not installed: `pip install -e .[bench]`, with gcc")
    if not speech.installed():
        pytest.skip(speech.INSTALL)
    grid = [(codec, network) for codec in CODECS for network in NETWORKS]
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(opinion, *zip(*grid, strict=True)))


@pytest.mark.timeout(300)
def test_our_opinion_of_calls_ranks_them_as_pesq_does(opinions: list[Opinion]) -> None:
    from scipy.stats import spearmanr

    found = spearmanr([each.ours for each in opinions], [each.heard for each in opinions])
    assert found.statistic >= 0.9, opinions


@pytest.mark.parametrize("codec", CODECS)
def test_so_it_does_of_each_codec(opinions: list[Opinion], codec: str) -> None:
    from scipy.stats import spearmanr

    chosen = [each for each in opinions if each.codec == codec]
    found = spearmanr([each.ours for each in chosen], [each.heard for each in chosen])
    assert found.statistic >= 0.9, chosen
