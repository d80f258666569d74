"""The receiving side of an RTP session: select the packets of the stream to play."""

from typing import Final

from sipcli.media.rtp import extension
from sipcli.media.rtp.packet import RtpPacket, parse
from sipcli.media.rtp.remarks import missing
from sipcli.media.rtp.rtcp import ReportBlock, SenderReport
from sipcli.media.rtp.source_statistics import Arrival, SourceStatistics

_REMARKS: Final = {
    Arrival.REORDERED: "out of order",
    Arrival.DUPLICATE: "a duplicate",
    Arrival.STRAY: "far from all others by its sequence number",
    Arrival.RESTARTED: "the sequence numbers start again",
}
_PLAYED: Final = "from another source than before, which is played from here on"


class Receiver:
    """Follows one source at a time, and switches to another when the first is silent.

    The first source is accepted at once: its packets passed SRTP. Another one is followed after two
    consecutive packets with none of the current source in between, so that neither a stray packet
    nor two simultaneous sources make the sound flap. A source that the far end's description
    announces takes over at once from one that it does not (RFC 5576).
    """

    def __init__(self) -> None:
        self.unreadable = 0
        """Datagrams that were not RTP."""
        self.strays = 0
        """Packets of an unconfirmed source or another medium, or far from all others."""
        self.latest: int | None = None
        """The SSRC of the last packet, from any source."""
        self.other_packet: RtpPacket | None = None
        """The last packet, if it is from another source than the one that is followed."""
        self.remark: str | None = None
        """What is unusual about the last packet; None if nothing is."""
        self.skipped = 0
        """How many packets are missing directly before the last one."""
        self._source: SourceStatistics | None = None
        self._candidate: tuple[int, int] | None = None
        """Another source, and the sequence number that would confirm it."""
        self._past = (0, 0, 0)
        """Packets expected, received and duplicate of previous sources."""
        self._announced: frozenset[int] = frozenset()
        self._foreign: extension.OneOf | None = None

    def announce(self, sources: frozenset[int], foreign: extension.OneOf | None = None) -> None:
        """Apply the far end's latest description: the SSRCs it announces, and its other media.

        Packets with one of `foreign`, the MIDs of other media, are dropped. An unknown MID is
        ignored: servers forward packets from elsewhere, where media have other names.
        """
        self._announced = sources
        self._foreign = foreign

    @property
    def ssrc(self) -> int | None:
        """The current source; None before the first packet."""
        return self._source.ssrc if self._source else None

    @property
    def expected(self) -> int:
        """Packets that all sources sent, according to their sequence numbers."""
        return self._past[0] + (self._source.expected if self._source else 0)

    @property
    def received(self) -> int:
        """Packets received from all sources, without duplicates."""
        return self._past[1] + (self._source.received if self._source else 0)

    @property
    def lost(self) -> int:
        """Packets sent by all sources but not received."""
        return self.expected - self.received

    def overdue(self, now: float) -> int:
        """Return how many lost packets will not arrive any more: see `SourceStatistics.overdue`."""
        past = self._past[0] - self._past[1]
        return past + (self._source.overdue(now) if self._source else 0)

    @property
    def duplicates(self) -> int:
        """Packets received more than once."""
        return self._past[2] + (self._source.duplicates if self._source else 0)

    @property
    def jitter_ms(self) -> float:
        """The jitter of the current source in ms (RFC 3550 §6.4.1)."""
        return self._source.jitter_s * 1000 if self._source else 0.0

    def receive(self, data: bytes) -> RtpPacket | None:
        """Return the packet in `data` if it is a new one of the followed source, else None."""
        self.other_packet = self.remark = None
        self.skipped = 0
        packet = parse(data)
        if packet is None:
            self.unreadable += 1
            self.remark = "not RTP"
            return None
        self.latest = packet.ssrc
        statistics = None if self._is_foreign(packet) else self._statistics_of(packet)
        if statistics is None:
            self.strays += 1
            return None
        arrival = statistics.update(packet.sequence)
        if arrival is not Arrival.NEW:
            self.remark = _REMARKS[arrival]
            if arrival is Arrival.STRAY:
                self.strays += 1
                return None
            if arrival is Arrival.DUPLICATE:
                return None
        elif statistics.skipped:
            self.skipped = statistics.skipped
            self.remark = missing(statistics.skipped)
        self._candidate = None
        return packet

    def follow(self, packet: RtpPacket) -> None:
        """Follow the source of `packet`, the `other_packet`, from now on."""
        self.strays -= 1
        self.remark = _PLAYED
        self._past = (self.expected, self.received, self.duplicates)
        self._source = SourceStatistics(packet.ssrc, packet.sequence)
        self._source.update(packet.sequence)
        self._candidate = None

    def count_jitter(self, packet: RtpPacket, clock_rate: int, now: float) -> None:
        """Include a packet from `receive` in the jitter; `clock_rate` in Hz."""
        if self._source is not None and packet.ssrc == self._source.ssrc:
            self._source.update_jitter(packet.timestamp, clock_rate, now)

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        """Process a sender report of the current source; others are dropped."""
        if self._source is not None and report.ssrc == self._source.ssrc:
            self._source.on_sender_report(report, now)

    def report(self, now: float) -> tuple[ReportBlock, ...]:
        """Return the report block about the current source; none before its first packet."""
        return (self._source.report(now),) if self._source else ()

    def _statistics_of(self, packet: RtpPacket) -> SourceStatistics | None:
        """Return the statistics of the packet's source; None if it is not the one to follow."""
        if self._source is not None and packet.ssrc != self._source.ssrc:
            if not self._is_confirmed(packet, self._source.ssrc):
                self._candidate = (packet.ssrc, (packet.sequence + 1) & 0xFFFF)
                self.other_packet = packet
                self.remark = f"from another source (SSRC 0x{packet.ssrc:08x}), not played"
                return None
            self.remark = _PLAYED
            self._past = (self.expected, self.received, self.duplicates)
            self._source = None
        if self._source is None:
            self._source = SourceStatistics(packet.ssrc, packet.sequence)
        return self._source

    def _is_confirmed(self, packet: RtpPacket, current: int) -> bool:
        """Return True if the packet's source should be followed instead of the current one."""
        if packet.ssrc in self._announced and current not in self._announced:
            return True
        return self._candidate == (packet.ssrc, packet.sequence)

    def _is_foreign(self, packet: RtpPacket) -> bool:
        """Return True if the packet says that it belongs to another medium."""
        if self._foreign is None or not packet.extension:
            return False
        if extension.find(packet.extension, self._foreign.number) not in self._foreign.values:
            return False
        self.remark = "of another medium, by its MID"
        return True
