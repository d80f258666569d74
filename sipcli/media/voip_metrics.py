"""The VoIP metrics that we report to the far end (RFC 3611 §4.7)."""

from typing import Final

from sipcli.media.inbound import Inbound
from sipcli.media.jitter_buffer.delay_estimator import MAX_WAIT_S
from sipcli.media.quality import quality
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.xr import ADAPTIVE_BUFFER, ENHANCED_CONCEALMENT, VoipMetrics

_DBM0: Final = 6.15
"""0 dBFS in dBm0: a full-scale sine has -3.01 dBFS and +3.14 dBm0 (G.711)."""
_BUFFER_RATE: Final = 1
"""The jitter buffer waits longer as soon as a packet has arrived late: within 2 * 1 * 20 ms."""


def voip_metrics(inbound: Inbound, reporting: Reporting) -> VoipMetrics | None:
    """Return the current metrics; None before anything was played."""
    found, ssrc = quality(inbound, reporting), inbound.receiver.ssrc
    if found is None or ssrc is None:
        return None
    bursts, playout, meter = inbound.bursts, inbound.playout, inbound.meter
    expected = inbound.receiver.expected
    discarded = min(bursts.lost_rate, playout.counts.late / expected) if expected else 0.0
    return VoipMetrics(
        ssrc=ssrc,
        loss_rate=bursts.lost_rate - discarded,
        discard_rate=discarded,
        burst_density=bursts.burst_density,
        gap_density=bursts.gap_density,
        burst_duration_ms=bursts.burst_duration_ms,
        gap_duration_ms=bursts.gap_duration_ms,
        round_trip_ms=round(reporting.rtt_ms or 0.0),
        end_system_delay_ms=round(found.end_system_ms),
        signal_level_dbm0=_dbm0(meter.mean_dbfs if meter.audible_s else None),
        noise_level_dbm0=_dbm0(meter.quiet_dbfs),
        r_factor=found.r_factor,
        mos_lq=found.listening_mos,
        mos_cq=found.mos,
        rx_config=ENHANCED_CONCEALMENT | ADAPTIVE_BUFFER | _BUFFER_RATE,
        jb_nominal_ms=round(playout.delay_s * 1000),
        jb_maximum_ms=round(playout.longest_wait_s * 1000),
        jb_abs_max_ms=round(MAX_WAIT_S * 1000),
    )


def _dbm0(dbfs: float | None) -> int | None:
    return None if dbfs is None else round(dbfs + _DBM0)
