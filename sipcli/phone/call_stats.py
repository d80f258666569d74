"""The statistics of a call: `stats` in contract §4."""

from sipcli.media.rtp.xr import VoipMetrics
from sipcli.media.session.media_session import MediaSession
from sipcli.phone.events import CallStats


def call_stats(media: MediaSession) -> CallStats | None:
    """Return the statistics of a call so far; None if no media were ever agreed on."""
    statistics = media.stream.statistics()
    if statistics is None:
        return None
    return CallStats(
        **statistics.fields(),
        remote_loss_percent=_remote_loss(media, statistics.packets_sent),
        remote_mos=_remote_mos(media.remote_metrics),
    )


def _remote_loss(media: MediaSession, sent: int) -> float | None:
    lost = media.stream.reporting.remote_lost if media.stream.reporting is not None else None
    if lost is None or sent == 0:
        return None
    return round(min(100.0, 100 * lost / sent), 2)


def _remote_mos(metrics: VoipMetrics | None) -> float | None:
    """Return the conversational MOS, like our own; the listening MOS if that is all it reports."""
    if metrics is None:
        return None
    return metrics.mos_cq if metrics.mos_cq is not None else metrics.mos_lq
