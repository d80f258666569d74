"""Estimate the quality of the sound played in a call, by the E-model."""

from dataclasses import dataclass

from sipcli.catalog.codecs import Impairment
from sipcli.media.inbound import Inbound
from sipcli.media.mos import IMPAIRMENTS, WIDE_BAND_R, mos, rating
from sipcli.media.pcm import FRAME, FRAME_S
from sipcli.media.rtp.reporting import Reporting


@dataclass(frozen=True, slots=True)
class Quality:
    """The inputs of the E-model."""

    impairment: Impairment
    loss_percent: float
    """The share of the sound that was concealed."""
    burst_ratio: float
    end_system_ms: float
    """The delay both ends add: filling packets, coding, and the jitter buffer."""
    way_ms: float

    @property
    def mos(self) -> float:
        """Conversational quality, 1.0 to 4.5."""
        delay_ms = self.way_ms + self.end_system_ms
        return mos(self.impairment, self.loss_percent, self.burst_ratio, delay_ms)

    @property
    def listening_mos(self) -> float:
        """Listening quality: the same without delay."""
        return mos(self.impairment, self.loss_percent, self.burst_ratio, 0.0)

    @property
    def r_factor(self) -> int:
        """R, 0 to 100; wideband is scaled to the same range."""
        delay_ms = self.way_ms + self.end_system_ms
        r = rating(self.impairment, self.loss_percent, self.burst_ratio, delay_ms)
        return round(
            max(0.0, min(100.0, r * 100 / WIDE_BAND_R if self.impairment.wide_band else r))
        )


def quality(inbound: Inbound, reporting: Reporting) -> Quality | None:
    """Return the current quality; None before anything was played."""
    counts, codec = inbound.playout.counts, inbound.codec
    heard = counts.played + counts.recovered + counts.concealed
    if codec is None or counts.played == 0:
        return None
    share = counts.concealed / heard
    # Random loss has runs of 1 / (1 - share) frames on average (G.107 §7.5, BurstR).
    run = counts.concealed / FRAME / max(1, counts.concealments)
    return Quality(
        impairment=IMPAIRMENTS[codec.name],
        loss_percent=100 * share,
        burst_ratio=run * (1 - share),
        end_system_ms=(FRAME_S + inbound.playout.delay_s) * 1000 + codec.coding_ms,
        way_ms=(reporting.rtt_ms or 0.0) / 2,
    )
