"""The receiving side of an RTP session: select the packets of the stream to play."""

from sipcli.media.rtp import extension
from sipcli.media.rtp.packet import RtpPacket, parse
from sipcli.media.rtp.rtcp import ReportBlock, SenderReport
from sipcli.media.rtp.source_statistics import Arrival, SourceStatistics


class Receiver:
    """Follows one source at a time, and changes to another when the first has fallen silent.

    The first source is believed at once: its packets passed SRTP. Another one is followed
    after two packets in sequence with none of the current source between them, so that
    neither a stray packet nor two sources at the same time make the sound flap. One that the far
    end's description announces needs no proof against one that it does not (RFC 5576).
    """

    def __init__(self) -> None:
        self.unreadable = 0
        """Datagrams that were not RTP."""
        self.strays = 0
        """Packets of an unproven source or of another medium, or far from all others of theirs."""
        self.latest: int | None = None
        """The SSRC of the last packet, from any source."""
        self.other_packet: RtpPacket | None = None
        """What was received last, if it is of another source than the one that is followed."""
        self._reception: SourceStatistics | None = None
        self._candidate: tuple[int, int] | None = None
        """Another source and the sequence number that would prove it."""
        self._past = (0, 0, 0)
        """Packets expected, received and duplicate of sources that are gone."""
        self._announced: frozenset[int] = frozenset()
        self._foreign: extension.OneOf | None = None

    def announce(self, sources: frozenset[int], foreign: extension.OneOf | None = None) -> None:
        """Go by the far end's latest description: the SSRCs it names, and other media it has.

        Packets that bear one of `foreign`, the MID of another medium, are dropped. One that
        the description does not name says nothing: servers pass packets on from elsewhere, where
        media have other names.
        """
        self._announced = sources
        self._foreign = foreign

    @property
    def ssrc(self) -> int | None:
        """The current source; None before the first packet."""
        return self._reception.ssrc if self._reception else None

    @property
    def expected(self) -> int:
        """Packets that all sources sent, according to their sequence numbers."""
        return self._past[0] + (self._reception.expected if self._reception else 0)

    @property
    def received(self) -> int:
        """Packets received from all sources, without duplicates."""
        return self._past[1] + (self._reception.received if self._reception else 0)

    @property
    def lost(self) -> int:
        """Packets sent by all sources but not received."""
        return self.expected - self.received

    def overdue(self, now: float) -> int:
        """Lost packets that are not expected to arrive any more: see `SourceStatistics.overdue`."""
        past = self._past[0] - self._past[1]
        return past + (self._reception.overdue(now) if self._reception else 0)

    @property
    def duplicates(self) -> int:
        """Packets received more than once."""
        return self._past[2] + (self._reception.duplicates if self._reception else 0)

    @property
    def jitter_ms(self) -> float:
        """Of the current source (RFC 3550 §6.4.1), in ms."""
        return self._reception.jitter_s * 1000 if self._reception else 0.0

    def receive(self, data: bytes) -> RtpPacket | None:
        """Return the packet in `data` if it is a new one of the current stream, else None."""
        self.other_packet = None
        packet = parse(data)
        if packet is None:
            self.unreadable += 1
            return None
        self.latest = packet.ssrc
        reception = None
        if not self._is_foreign(packet):
            reception = self._reception_of(packet)
            self.other_packet = packet if reception is None else None
        arrival = reception.update(packet.sequence) if reception else Arrival.STRAY
        if arrival is Arrival.STRAY:
            self.strays += 1
        if arrival is Arrival.STRAY or arrival is Arrival.DUPLICATE:
            return None
        self._candidate = None
        return packet

    def follow(self, packet: RtpPacket) -> None:
        """Follow the source of `packet`, the `other_packet`, from there on."""
        self.strays -= 1
        self._past = (self.expected, self.received, self.duplicates)
        self._reception = SourceStatistics(packet.ssrc, packet.sequence)
        self._reception.update(packet.sequence)
        self._candidate = None

    def count_jitter(self, packet: RtpPacket, clock_rate: int, now: float) -> None:
        """Let a packet from `receive` count for the jitter; `clock_rate` in Hz."""
        if self._reception is not None and packet.ssrc == self._reception.ssrc:
            self._reception.time(packet.timestamp, clock_rate, now)

    def sender_report(self, report: SenderReport, now: float) -> None:
        """Take note of a report of the current source; those of others are dropped."""
        if self._reception is not None and report.ssrc == self._reception.ssrc:
            self._reception.sender_report(report, now)

    def report(self, now: float) -> tuple[ReportBlock, ...]:
        """What to tell the current source: one block, or none before its first packet."""
        return (self._reception.report(now),) if self._reception else ()

    def _reception_of(self, packet: RtpPacket) -> SourceStatistics | None:
        """The books of the packet's source; None if it is not the one to follow."""
        if self._reception is not None and packet.ssrc != self._reception.ssrc:
            if not self._is_proved(packet, self._reception.ssrc):
                self._candidate = (packet.ssrc, (packet.sequence + 1) & 0xFFFF)
                return None
            self._past = (self.expected, self.received, self.duplicates)
            self._reception = None
        if self._reception is None:
            self._reception = SourceStatistics(packet.ssrc, packet.sequence)
        return self._reception

    def _is_proved(self, packet: RtpPacket, current: int) -> bool:
        """Whether the source of this packet is to be followed instead of the current one."""
        if packet.ssrc in self._announced and current not in self._announced:
            return True
        return self._candidate == (packet.ssrc, packet.sequence)

    def _is_foreign(self, packet: RtpPacket) -> bool:
        """Whether the packet says that it belongs to another medium than ours."""
        if self._foreign is None or not packet.extension:
            return False
        return extension.find(packet.extension, self._foreign.number) in self._foreign.values
