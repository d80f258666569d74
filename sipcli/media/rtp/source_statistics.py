"""The reception statistics of one RTP source (RFC 3550 §6.4.1, A.1, A.3, A.8)."""

from enum import Enum
from typing import Final

from sipcli.media.rtp.packet import sequence_difference, timestamp_difference
from sipcli.media.rtp.rtcp import ReportBlock, SenderReport

MAX_DROPOUT: Final = 3000
"""Packets: a longer jump forward is a restart of the numbering, not a loss (A.1)."""
MAX_MISORDER: Final = 100
"""Packets: a packet further behind means a restart or a replay (A.1)."""
_REMEMBERED: Final = 128
"""Packets behind the highest that are remembered, to detect duplicates."""
_OVERTAKEN: Final = 3
"""A packet counts as lost once this many newer ones have arrived (as in RFC 5681 §3.2)."""
_OVERTAKEN_S: Final = 0.1
"""Seconds without a newer packet after which missing ones count as lost."""
_MAX_LOST: Final = 0x7F_FFFF
_JITTER_GAIN: Final = 1 / 16


class Arrival(Enum):
    """The classification of a packet by its sequence number."""

    NEW = "the next, or one after some that are missing"
    REORDERED = "one that was missing"
    DUPLICATE = "one that arrived before"
    STRAY = "far from all others: dropped, unless the next one follows it"
    RESTARTED = "the second in a row far from those before: the numbering has restarted"


class SourceStatistics:
    """The statistics of one synchronization source, from its first packet on."""

    def __init__(self, ssrc: int, sequence: int) -> None:
        self.ssrc = ssrc
        self.jitter_s = 0.0
        """Mean deviation of the packet spacing, in seconds (§6.4.1)."""
        self.duplicates = 0
        self._earlier_expected = 0
        self._earlier_received = 0
        self._transit: tuple[int, float] | None = None
        self._clock_rate = 0
        self._sender_report: tuple[int, float] | None = None
        self._reported = (0, 0)
        """Packets expected and overdue at the last report."""
        self._begin(sequence)

    def _begin(self, sequence: int) -> None:
        self._base = sequence
        self._highest = sequence
        """The highest sequence number; its upper bits count the wraps."""
        self.skipped = 0
        """How many packets are missing directly before the highest, or were when it arrived."""
        self._received = 0
        self._seen = 0
        """Bit n is set if the packet n behind the highest has arrived."""
        self._awaited: int | None = None
        """The sequence number that would show that the numbering has restarted."""

    @property
    def expected(self) -> int:
        """Packets sent, according to their sequence numbers."""
        return self._earlier_expected + self._highest - self._base + (1 if self._received else 0)

    @property
    def received(self) -> int:
        """Packets received, without duplicates."""
        return self._earlier_received + self._received

    @property
    def lost(self) -> int:
        """Packets expected but not received (A.3)."""
        return self.expected - self.received

    def overdue(self, now: float) -> int:
        """Return how many of the lost packets are not expected to arrive any more.

        An overtaken packet is no loss: if it were reported, the far end would add protection,
        which costs quality.
        """
        if self._transit is None or now - self._transit[1] > _OVERTAKEN_S:
            return self.lost
        newest = min(_OVERTAKEN - 1, self._highest - self._base)
        seen = self._seen >> 1 & ((1 << newest) - 1)
        return self.lost - newest + seen.bit_count()

    def update(self, sequence: int) -> Arrival:
        """Count a packet, and classify it by its sequence number (A.1)."""
        step = sequence_difference(sequence, self._highest & 0xFFFF)
        if -MAX_MISORDER <= step <= MAX_DROPOUT:
            return self._count(step)
        if sequence != self._awaited:
            self._awaited = (sequence + 1) & 0xFFFF
            return Arrival.STRAY
        self._earlier_expected, self._earlier_received = self.expected, self.received
        self._begin(sequence)
        self._count(0)
        return Arrival.RESTARTED

    def _count(self, step: int) -> Arrival:
        self._awaited = None
        if step > 0:
            self._highest += step
            self.skipped = step - 1
            self._seen = (self._seen << step | 1) & ((1 << _REMEMBERED) - 1)
            self._received += 1
            return Arrival.NEW
        bit = 1 << -step
        if self._seen & bit:
            self.duplicates += 1
            return Arrival.DUPLICATE
        self._seen |= bit
        self._received += 1
        # A packet from before the first one received was sent, too.
        self._base = min(self._base, self._highest + step)
        return Arrival.NEW if step == 0 else Arrival.REORDERED

    def update_jitter(self, timestamp: int, clock_rate: int, now: float) -> None:
        """Update the jitter with a packet that arrived at `now`; `clock_rate` in Hz (A.8).

        Not for padding and telephone-events: their timestamps are old by design, which would count
        as jitter.
        """
        before, self._transit = self._transit, (timestamp, now)
        if before is None or clock_rate != self._clock_rate:
            self._clock_rate = clock_rate
            return
        spacing = timestamp_difference(timestamp, before[0]) / clock_rate
        deviation = abs(now - before[1] - spacing)
        if deviation < 1.0:  # more is a pause or a jump of the clock, not jitter
            self.jitter_s += (deviation - self.jitter_s) * _JITTER_GAIN

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        """Remember the source's sender report, so that it can compute the round trip from ours."""
        self._sender_report = (report.ntp_time >> 16 & 0xFFFF_FFFF, now)

    def report(self, now: float) -> ReportBlock:
        """Return the report block; the fraction lost is since the previous call."""
        overdue = self.overdue(now)
        settled = self.received + overdue
        expected, lost = settled - self._reported[0], overdue - self._reported[1]
        self._reported = (settled, overdue)
        last, since = self._sender_report or (0, now)
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=lost / expected if lost > 0 else 0.0,
            lost=max(-_MAX_LOST, min(_MAX_LOST, self.lost)),
            highest_sequence=self._highest & 0xFFFF_FFFF,
            jitter=round(self.jitter_s * self._clock_rate),
            last_sender_report=last,
            delay_since=min(0xFFFF_FFFF, int((now - since) * 65536)),
        )
