"""The contract's `stats` of a call (§4)."""

from sipcli.calls.events import CallStats
from sipcli.media.rtp.xr import VoipMetrics
from sipcli.media.session.session import MediaSession


def call_stats(media: MediaSession) -> CallStats | None:
    """How the call went so far; None where no media were ever agreed on."""
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
    """That of the conversation, as ours is; of listening alone where it tells no more."""
    if metrics is None:
        return None
    return metrics.mos_cq if metrics.mos_cq is not None else metrics.mos_lq
