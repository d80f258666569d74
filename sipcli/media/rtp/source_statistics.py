"""The reception statistics of one RTP source (RFC 3550 §6.4.1, A.1, A.3, A.8)."""

from enum import Enum
from typing import Final

from sipcli.media.rtp.packet import sequence_difference, timestamp_difference
from sipcli.media.rtp.rtcp import ReportBlock, SenderReport

MAX_DROPOUT: Final = 3000
"""Packets: a longer step forward is taken for a new beginning, not for a loss (A.1)."""
MAX_MISORDER: Final = 100
"""Packets: what is further behind is a new beginning, or a replay (A.1)."""
_REMEMBERED: Final = 128
"""Packets behind the highest whose coming is remembered, to know a duplicate."""
_OVERTAKEN: Final = 3
"""Packets: what so many newer ones have overtaken is lost (as RFC 5681 §3.2 has it)."""
_OVERTAKEN_S: Final = 0.1
"""Seconds without a newer packet after which a missing one counts as lost."""
_MAX_LOST: Final = 0x7F_FFFF
_JITTER_GAIN: Final = 1 / 16


class Arrival(Enum):
    """The classification of a packet by its sequence number."""

    NEW = "the next, or one after some that are missing"
    REORDERED = "one that was missing"
    DUPLICATE = "one that was here before"
    STRAY = "far from all others: dropped, unless the next one follows it"
    RESTARTED = "the second in a row that is far from those before: the numbering began anew"


class SourceStatistics:
    """The statistics of one synchronization source, from its first packet on."""

    def __init__(self, ssrc: int, sequence: int) -> None:
        self.ssrc = ssrc
        self.jitter_s = 0.0
        """Mean deviation of the packets' spacing (§6.4.1), in seconds."""
        self.duplicates = 0
        self._earlier_expected = 0
        self._earlier_received = 0
        self._transit: tuple[int, float] | None = None
        self._clock_rate = 0
        self._sender_report: tuple[int, float] | None = None
        self._reported = (0, 0)
        """Packets expected and overdue when the last report was made."""
        self._begin(sequence)

    def _begin(self, sequence: int) -> None:
        self._base = sequence
        self._highest = sequence
        """Extended: its upper bits count the wraps."""
        self._received = 0
        self._seen = 0
        """Bit n: the packet n behind the highest has come."""
        self._awaited: int | None = None
        """The number that would show a stray packet to be a new beginning."""

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
        """Of those that are lost so far, the ones that are not expected to come any more.

        A packet that was overtaken is no loss: told of it, the far end would do something against
        losses, which costs quality where there are none.
        """
        if self._transit is None or now - self._transit[1] > _OVERTAKEN_S:
            return self.lost
        newest = min(_OVERTAKEN - 1, self._highest - self._base)
        seen = self._seen >> 1 & ((1 << newest) - 1)
        return self.lost - newest + seen.bit_count()

    def update(self, sequence: int) -> Arrival:
        """Register a packet by its sequence number (A.1)."""
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
            self._seen = (self._seen << step | 1) & ((1 << _REMEMBERED) - 1)
            self._received += 1
            return Arrival.NEW
        bit = 1 << -step
        if self._seen & bit:
            self.duplicates += 1
            return Arrival.DUPLICATE
        self._seen |= bit
        self._received += 1
        # One from before the first we knew of: it was sent too.
        self._base = min(self._base, self._highest + step)
        return Arrival.NEW if step == 0 else Arrival.REORDERED

    def time(self, timestamp: int, clock_rate: int, now: float) -> None:
        """Take note of when a packet came, in seconds, for the jitter (A.8).

        Not for packets that bear an old timestamp by design: padding and telephone-events
        would count as jitter.
        """
        before, self._transit = self._transit, (timestamp, now)
        if before is None or clock_rate != self._clock_rate:
            self._clock_rate = clock_rate
            return
        spacing = timestamp_difference(timestamp, before[0]) / clock_rate
        deviation = abs(now - before[1] - spacing)
        if deviation < 1.0:  # more is a pause or a jump of the clock, not jitter
            self.jitter_s += (deviation - self.jitter_s) * _JITTER_GAIN

    def sender_report(self, report: SenderReport, now: float) -> None:
        """Take note of the source's own report, so that it can tell the round trip from ours."""
        self._sender_report = (report.ntp_time >> 16 & 0xFFFF_FFFF, now)

    def report(self, now: float) -> ReportBlock:
        """What to tell the source; the fraction lost is that since the call before."""
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
