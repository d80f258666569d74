"""How late sound is heard, and what is left of it when that is taken out."""

import numpy as np
import pytest

from scripts.bench.align import pair
from scripts.bench.speech import SEGMENT_S
from scripts.bench.track import Log, Track, steady
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm

BEGIN = 100.0


def voice(seconds: float, seed: int = 1) -> Pcm:
    """Noise that comes and goes: no two places of it are alike."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    slow = np.repeat(random.standard_normal(count // 8 + 1), 8)[:count]
    envelope = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * np.arange(count) / RATE)
    return np.asarray(slow * envelope * 4000, np.int16)


def late(pcm: Pcm, ms: float) -> Track:
    """The same, so much later."""
    return steady(np.pad(pcm, (round(ms * RATE / 1000), RATE)), BEGIN)


SAID = voice(SEGMENT_S)
SPOKEN = steady(SAID, BEGIN)


@pytest.mark.parametrize("ms", [0.0, 47.0, 311.0, 700.0])
def test_a_delay_is_found_and_taken_out(ms: float) -> None:
    found = pair(SPOKEN, late(SAID, ms), 0)
    assert found is not None
    assert len(found.delays_ms) > 20
    assert found.delays_ms == pytest.approx([ms] * len(found.delays_ms), abs=0.2)
    assert np.array_equal(found.spoken, SAID)
    assert abs(float(np.corrcoef(found.heard, SAID)[0, 1])) > 0.95


def test_what_the_clocks_say_counts_not_how_many_samples_went_before() -> None:
    """An ear that is opened later, or that missed a frame, hears everything when it is heard."""
    heard = late(SAID, 50.0)
    log = Log()
    for number, frame in enumerate(heard.pcm.reshape(-1, FRAME)):
        if number not in range(100, 103):
            log.put(frame, BEGIN + number * FRAME_S)
    found = pair(SPOKEN, log.track(), 0)
    assert found is not None
    assert np.median(found.delays_ms) == pytest.approx(50.0, abs=0.2)
    assert np.percentile(found.delays_ms, 90) == pytest.approx(50.0, abs=0.2)


def test_a_delay_that_changes_is_left_in_what_is_heard_and_out_of_what_follows() -> None:
    half = len(SAID) // 2
    heard = np.concatenate((SAID[:half], np.zeros(RATE // 10, np.int16), SAID[half:]))
    found = pair(SPOKEN, late(heard, 40.0), 0)
    assert found is not None
    assert (min(found.delays_ms), max(found.delays_ms)) == pytest.approx((40.0, 140.0), abs=0.5)
    likeness = [float(np.corrcoef(each, SAID)[0, 1]) for each in (found.heard, found.followed)]
    assert likeness[0] < 0.7 < 0.85 < likeness[1]


def test_nothing_is_found_where_nothing_or_something_else_is_heard() -> None:
    assert pair(SPOKEN, steady(np.zeros(len(SAID), np.int16), BEGIN), 0) is None
    assert pair(SPOKEN, late(voice(SEGMENT_S, seed=2), 40.0), 0) is None
