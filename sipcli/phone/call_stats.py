"""The statistics of a call: `stats` in contract §4."""

from sipcli.media.rtp.xr import VoipMetrics
from sipcli.media.session.media_session import MediaSession
from sipcli.media.session.statistics import Statistics
from sipcli.phone.events import CallStats


def call_stats(media: MediaSession) -> CallStats | None:
    """Return the statistics of a call so far; None if no media were ever agreed on."""
    statistics = media.stream.statistics()
    if statistics is None:
        return None
    return rounded(statistics, remote_mos=_remote_mos(media.remote_metrics))


def rounded(found: Statistics, *, remote_mos: float | None) -> CallStats:
    """Return the figures, rounded to 0.01: what is judged is what is shown."""
    return CallStats(
        packets_sent=found.packets_sent,
        packets_received=found.packets_received,
        packets_lost=found.packets_lost,
        packets_late=found.packets_late,
        packets_concealed=found.packets_concealed,
        loss_percent=round(found.loss_percent, 2),
        jitter_ms=round(found.jitter_ms, 2),
        rtt_ms=_rounded(found.rtt_ms),
        playout_delay_ms=round(found.playout_delay_ms, 2),
        mos=_rounded(found.mos),
        level_sent_dbfs=round(found.level_sent_dbfs, 2),
        level_received_dbfs=round(found.level_received_dbfs, 2),
        codec=found.codec,
        remote_loss_percent=_rounded(found.remote_loss_percent),
        remote_mos=remote_mos,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _remote_mos(metrics: VoipMetrics | None) -> float | None:
    """Return the conversational MOS, like our own; the listening MOS if that is all it reports."""
    if metrics is None:
        return None
    return metrics.mos_cq if metrics.mos_cq is not None else metrics.mos_lq
