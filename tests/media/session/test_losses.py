"""What both ends do together against losses, in virtual time: reports, copies, and the wait."""

from statistics import fmean

import pytest

from scripts.bench.network import Impairment
from scripts.bench.virtual import call
from tests.media.codecs.tone import voice

pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests

SECONDS = 90


def test_of_losses_in_bursts_of_three_a_third_is_heard_at_most() -> None:
    """The last four of a burst come again; with the last two it would be nearly half."""
    ways = call("opus", voice(SECONDS), Impairment(loss_percent=5, burst=3), seed=1)
    lost = fmean(way.statistics.loss_percent for way in ways)
    heard = 100 * fmean(way.statistics.packets_concealed for way in ways) / (50 * SECONDS)
    assert lost > 2
    assert heard < lost / 3
