"""The estimate of how a call sounds ranks calls as those do that have heard them: PESQ and STOI."""

from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from statistics import fmean, median
from typing import Final, NamedTuple

import pytest
from scipy.stats import spearmanr

from scripts.bench import speech
from scripts.bench.align import pair
from scripts.bench.listeners import pesq_of, stoi_of
from scripts.bench.network import CLEAN, Impairment
from scripts.bench.virtual import call
from sipcli.media.pcm import RATE
from tests.required import require

pytestmark = [
    # Not a peer, but recordings that come the same way.
    pytest.mark.real_peer,
    pytest.mark.timeout(300),
]

CODECS: Final = ("opus", "g722", "pcmu")
NETWORKS: Final = (
    CLEAN,
    *(Impairment(loss_percent=loss) for loss in (2, 5, 10, 20)),
    *(Impairment(loss_percent=loss, burst=3) for loss in (5, 10, 20)),
    Impairment(delay_ms=40, jitter_ms=20),
    Impairment(loss_percent=5, delay_ms=40, jitter_ms=20),
)
SPOKEN: Final = speech.PROMPTS[:3]
"""Each is heard at both ends: less would leave the middle of the field to chance."""
LISTENERS: Final = ("stoi", "pesq")
HAS_PESQ: Final = find_spec("pesq") is not None
LEAST: Final = 0.9


class Opinion(NamedTuple):
    """Of one call."""

    codec: str
    network: str
    ours: float
    stoi: float
    pesq: float | None
    """None without the package."""


def opinion(codec: str, network: Impairment) -> Opinion:
    """A call in virtual time, and what is said of what came out of it at both ends."""
    pcm = speech.speech(speech.WARM_UP[:1] + SPOKEN)
    ways = call(codec, pcm, network, seed=1)
    ours = [way.statistics.mos for way in ways if way.statistics.mos is not None]
    found = [
        pair(way.spoken, way.heard, (1 + number) * speech.SEGMENT_S * RATE)
        for way in ways
        for number in range(len(SPOKEN))
    ]
    pairs = [each for each in found if each is not None]
    assert (len(ours), len(pairs)) == (2, len(found)), "somebody heard nothing"
    pesq = median(pesq_of(each, wide_band=codec != "pcmu") for each in pairs) if HAS_PESQ else None
    return Opinion(codec, str(network), fmean(ours), median(map(stoi_of, pairs)), pesq)


@pytest.fixture(scope="module")
def opinions() -> list[Opinion]:
    """Of all calls."""
    require(speech.installed(), speech.INSTALL)
    grid = [(codec, network) for codec in CODECS for network in NETWORKS]
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(opinion, *zip(*grid, strict=True)))


@pytest.mark.parametrize("codecs", [CODECS, *((codec,) for codec in CODECS)], ids="+".join)
@pytest.mark.parametrize("listener", LISTENERS)
def test_our_opinion_of_calls_ranks_them_as_a_listener_does(
    opinions: list[Opinion], listener: str, codecs: tuple[str, ...]
) -> None:
    if listener == "pesq" and not HAS_PESQ:
        pytest.skip("pesq is not installed: `pip install -e .[bench]`, with gcc")
    chosen = [each for each in opinions if each.codec in codecs]
    found = spearmanr([each.ours for each in chosen], [getattr(each, listener) for each in chosen])
    assert found.statistic >= LEAST, "\n".join(map(str, chosen))
