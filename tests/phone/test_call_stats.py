"""The figures of a call, as its users see them."""

from sipcli.media.session.statistics import Statistics
from sipcli.phone.call_stats import rounded


def test_figures_are_rounded_to_what_they_are_good_for() -> None:
    found = Statistics(
        packets_sent=500,
        packets_received=490,
        packets_lost=10,
        packets_late=2,
        packets_concealed=12,
        concealed_ms=240.0,
        recovered_ms=20.0,
        loss_percent=1.99749,
        jitter_ms=3.25449,
        rtt_ms=41.50501,
        playout_delay_ms=60.00499,
        mos=4.09501,
        level_sent_dbfs=-20.50499,
        level_received_dbfs=-95.99999,
        remote_loss_percent=0.39501,
        remote_jitter_ms=1.0,
        codec="opus",
    )
    stats = rounded(found, remote_mos=4.2)
    assert (stats.loss_percent, stats.jitter_ms, stats.rtt_ms) == (2.0, 3.25, 41.51)
    assert (stats.playout_delay_ms, stats.mos) == (60.0, 4.1)
    assert (stats.level_sent_dbfs, stats.level_received_dbfs) == (-20.5, -96.0)
    assert (stats.remote_loss_percent, stats.remote_mos) == (0.4, 4.2)
    assert (stats.packets_sent, stats.packets_lost, stats.codec) == (500, 10, "opus")


def test_what_is_not_known_stays_unknown() -> None:
    found = Statistics(
        packets_sent=1,
        packets_received=0,
        packets_lost=0,
        packets_late=0,
        packets_concealed=0,
        concealed_ms=0.0,
        recovered_ms=0.0,
        loss_percent=0.0,
        jitter_ms=0.0,
        rtt_ms=None,
        playout_delay_ms=0.0,
        mos=None,
        level_sent_dbfs=-9.0,
        level_received_dbfs=-96.0,
        remote_loss_percent=None,
        remote_jitter_ms=None,
        codec="pcmu",
    )
    stats = rounded(found, remote_mos=None)
    assert (stats.rtt_ms, stats.mos) == (None, None)
    assert (stats.remote_loss_percent, stats.remote_mos) == (None, None)
