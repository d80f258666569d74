"""The statistics of a call, as in the `stats` of the events `stats` and `ended`."""

from dataclasses import asdict, dataclass
from typing import Any

from sipcli.media.inbound import Inbound
from sipcli.media.outbound import Outbound
from sipcli.media.pcm import FRAME
from sipcli.media.quality import quality
from sipcli.media.rtp.reporting import Reporting


@dataclass(frozen=True, slots=True)
class Statistics:
    """A snapshot; field names as in docs/contract.md."""

    packets_sent: int
    packets_received: int
    packets_lost: int
    """By gaps in the sequence numbers."""
    packets_late: int
    """Received, but too late to be played."""
    packets_concealed: int
    """Frames of 20 ms that were concealed, for lost and late packets."""
    loss_percent: float
    """Lost, of all packets sent to us."""
    jitter_ms: float
    rtt_ms: float | None
    """None until the far end has reported on our reports."""
    playout_delay_ms: float
    """Recent time from a packet's arrival to its playing."""
    mos: float | None
    """Of the sound played, by the E-model; None if nothing was received."""
    level_sent_dbfs: float
    level_received_dbfs: float
    codec: str
    """The codec received last, or, if nothing was received, the one we send."""

    def fields(self) -> dict[str, Any]:
        """Return the fields of an event, rounded to a meaningful precision."""
        return {
            name: round(value, 2) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def snapshot(inbound: Inbound, outbound: Outbound, reporting: Reporting) -> Statistics:
    """Return the current statistics."""
    receiver, counts = inbound.receiver, inbound.playout.counts
    expected = receiver.expected
    codec = inbound.codec or outbound.codec
    heard = quality(inbound, reporting)
    return Statistics(
        packets_sent=outbound.sender.packets,
        packets_received=receiver.received,
        packets_lost=receiver.lost,
        packets_late=counts.late,
        packets_concealed=round(counts.concealed / FRAME),
        loss_percent=100 * receiver.lost / expected if expected else 0.0,
        jitter_ms=receiver.jitter_ms,
        rtt_ms=reporting.rtt_ms,
        playout_delay_ms=inbound.playout.delay_s * 1000,
        mos=heard.mos if heard is not None else None,
        level_sent_dbfs=outbound.meter.mean_dbfs,
        level_received_dbfs=inbound.meter.mean_dbfs,
        codec=codec.name,
    )
