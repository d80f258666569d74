"""The contract's `stats` of a call (§4)."""

from sipcli.calls.events import Figures
from sipcli.media.session.session import MediaSession


def figures(media: MediaSession) -> Figures | None:
    """How the call went so far; None where no media ever flowed."""
    stream = media.stream
    if stream.agreed is None:
        return None
    receiver, playout = stream.receiver, stream.incoming.playout
    expected = max(receiver.expected, 1)
    return Figures(
        packets_sent=stream.sender.packets,
        packets_received=receiver.received,
        packets_lost=max(receiver.lost, 0),
        packets_late=playout.counts.late,
        packets_concealed=playout.counts.concealed // 960,
        loss_percent=round(max(receiver.lost, 0) * 100 / expected, 2),
        jitter_ms=round(receiver.jitter_ms, 1),
        rtt_ms=stream.reporting.rtt_ms,
        playout_delay_ms=round(playout.delay_s * 1000, 1),
        mos=None,
        level_sent_dbfs=round(stream.outgoing.meter.mean_dbfs, 1),
        level_received_dbfs=round(stream.incoming.meter.mean_dbfs, 1),
        codec=stream.agreed.codec.encoding,
    )
