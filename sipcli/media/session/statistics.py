"""The statistics of a call: counts and figures, the E-model's inputs, and RTCP XR (RFC 3611)."""

from dataclasses import dataclass
from typing import Final

from sipcli.catalog.codecs import Impairment
from sipcli.media.jitter_buffer.delay_estimator import MAX_WAIT_S
from sipcli.media.pcm import FRAME, FRAME_S, RATE
from sipcli.media.quality.mos import IMPAIRMENTS, WIDE_BAND_R, mos, rating
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.xr import ADAPTIVE_BUFFER, ENHANCED_CONCEALMENT, VoipMetrics
from sipcli.media.session.inbound import InboundAudio
from sipcli.media.session.outbound import OutboundAudio

_DBM0: Final = 6.15
"""0 dBFS in dBm0: a full-scale sine has -3.01 dBFS and +3.14 dBm0 (G.711)."""
_MS: Final = RATE // 1000
"""Samples in a millisecond."""
_BUFFER_RATE: Final = 1
"""The jitter buffer waits longer as soon as a packet has arrived late: within 2 * 1 * 20 ms."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """A snapshot of what has been sent, received and played so far."""

    packets_sent: int
    packets_received: int
    packets_lost: int
    """By gaps in the sequence numbers."""
    packets_late: int
    """Received, but too late to be played."""
    packets_concealed: int
    """Frames of 20 ms that were concealed, for lost and late packets."""
    concealed_ms: float
    """The same, in ms."""
    recovered_ms: float
    """Sound recovered from redundant copies (RFC 2198) or forward error correction."""
    loss_percent: float
    """Lost, of all packets sent to us."""
    jitter_ms: float
    rtt_ms: float | None
    """None until the far end has reported on our reports."""
    playout_delay_ms: float
    """Recent time from a packet's arrival to its playing."""
    mos: float | None
    """1.0 to 4.5: the quality of the sound played, by the E-model; None if nothing was received."""
    level_sent_dbfs: float
    level_received_dbfs: float
    remote_loss_percent: float | None
    """Lost of our packets, as the far end reports; None without a report, like the next one."""
    remote_jitter_ms: float | None
    codec: str
    """The codec received last, or, if nothing was received, the one we send."""


def snapshot(inbound: InboundAudio, outbound: OutboundAudio, reporting: Reporting) -> Statistics:
    """Return the current statistics."""
    receiver, counts = inbound.receiver, inbound.jitter_buffer.counts
    expected = receiver.expected
    codec = inbound.codec or outbound.codec
    quality = call_quality(inbound, reporting)
    return Statistics(
        packets_sent=outbound.sender.packets,
        packets_received=receiver.received,
        packets_lost=receiver.lost,
        packets_late=counts.late,
        packets_concealed=round(counts.concealed / FRAME),
        concealed_ms=counts.concealed / _MS,
        recovered_ms=counts.recovered / _MS,
        loss_percent=100 * receiver.lost / expected if expected else 0.0,
        jitter_ms=receiver.jitter_ms,
        rtt_ms=reporting.rtt_ms,
        playout_delay_ms=inbound.jitter_buffer.delay_s * 1000,
        mos=quality.mos if quality is not None else None,
        level_sent_dbfs=outbound.meter.mean_dbfs,
        level_received_dbfs=inbound.meter.mean_dbfs,
        remote_loss_percent=_remote_loss_percent(reporting, outbound.sender.packets),
        remote_jitter_ms=_remote_jitter_ms(reporting, outbound.sender.clock_rate),
        codec=codec.name,
    )


def _remote_loss_percent(reporting: Reporting, sent: int) -> float | None:
    lost = reporting.remote_lost
    return None if lost is None or sent == 0 else min(100.0, 100 * lost / sent)


def _remote_jitter_ms(reporting: Reporting, clock_rate: int) -> float | None:
    report = reporting.remote_report
    return None if report is None else 1000 * report.jitter / clock_rate


@dataclass(frozen=True, slots=True)
class CallQuality:
    """The inputs of the E-model for the sound played in a call (ITU-T G.107)."""

    impairment: Impairment
    loss_percent: float
    """The share of the sound that was concealed."""
    burst_ratio: float
    """How much longer runs of losses are than with random loss (G.107 §7.5)."""
    end_system_ms: float
    """The delay both ends add: filling packets, coding, and the jitter buffer."""
    network_ms: float
    """One-way delay of the network: half the round trip."""

    @property
    def mos(self) -> float:
        """Conversational quality, 1.0 to 4.5."""
        delay_ms = self.network_ms + self.end_system_ms
        return mos(self.impairment, self.loss_percent, self.burst_ratio, delay_ms)

    @property
    def listening_mos(self) -> float:
        """Listening quality: the same without delay."""
        return mos(self.impairment, self.loss_percent, self.burst_ratio, 0.0)

    @property
    def r_factor(self) -> int:
        """R, 0 to 100; wideband is scaled to the same range."""
        delay_ms = self.network_ms + self.end_system_ms
        r = rating(self.impairment, self.loss_percent, self.burst_ratio, delay_ms)
        return round(
            max(0.0, min(100.0, r * 100 / WIDE_BAND_R if self.impairment.wide_band else r))
        )


def call_quality(inbound: InboundAudio, reporting: Reporting) -> CallQuality | None:
    """Return the current quality; None before anything was played."""
    counts, codec = inbound.jitter_buffer.counts, inbound.codec
    heard = counts.played + counts.recovered + counts.concealed
    if codec is None or counts.played == 0:
        return None
    share = counts.concealed / heard
    # Random loss has runs of 1 / (1 - share) frames on average (G.107 §7.5, BurstR).
    run = counts.concealed / FRAME / max(1, counts.concealments)
    return CallQuality(
        impairment=IMPAIRMENTS[codec.name],
        loss_percent=100 * share,
        burst_ratio=run * (1 - share),
        end_system_ms=(FRAME_S + inbound.jitter_buffer.delay_s) * 1000 + codec.coding_ms,
        network_ms=(reporting.rtt_ms or 0.0) / 2,
    )


def voip_metrics(inbound: InboundAudio, reporting: Reporting) -> VoipMetrics | None:
    """Return the current metrics; None before anything was played."""
    quality, ssrc = call_quality(inbound, reporting), inbound.receiver.ssrc
    if quality is None or ssrc is None:
        return None
    bursts, playout, meter = inbound.bursts, inbound.jitter_buffer, inbound.meter
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
        end_system_delay_ms=round(quality.end_system_ms),
        signal_level_dbm0=_dbm0(meter.mean_dbfs if meter.audible_s else None),
        noise_level_dbm0=_dbm0(meter.quiet_dbfs),
        r_factor=quality.r_factor,
        mos_lq=quality.listening_mos,
        mos_cq=quality.mos,
        rx_config=ENHANCED_CONCEALMENT | ADAPTIVE_BUFFER | _BUFFER_RATE,
        jb_nominal_ms=round(playout.delay_s * 1000),
        jb_maximum_ms=round(playout.max_wait_s * 1000),
        jb_abs_max_ms=round(MAX_WAIT_S * 1000),
    )


def _dbm0(dbfs: float | None) -> int | None:
    return None if dbfs is None else round(dbfs + _DBM0)
