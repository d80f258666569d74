"""Schedule and build our RTCP reports, and process the far end's (RFC 3550 §6.2-§6.4).

With an AVPF profile (RFC 4585 §3), as used by browsers, reports need not wait for 5 s: they may use
5 % of the bandwidth. We do that only while there are losses to report, so that the far end's
encoder can react sooner.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sipcli.media.rtp.delivery import Delivery, DeliveryMonitor
from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.rtcp import (
    ExtendedReport,
    Goodbye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    build,
    parse,
)
from sipcli.media.rtp.sender import Sender
from sipcli.media.rtp.xr import VoipMetrics

INTERVAL_S: Final = 5.0
"""Seconds between reports on average: the minimum that suits two parties (§6.2)."""
AVPF_INTERVAL_S: Final = 2.5
"""The same with AVPF and without losses: T_rr_interval (RFC 4585 §3.4)."""
LOSSY_INTERVAL_S: Final = 1.0
"""The same while packets are lost, and before the first report, if the bandwidth allows it."""
_SHARE: Final = 0.05
"""The share of the bandwidth for RTCP, in both directions together (§6.2)."""
_OVERHEAD: Final = 50
"""Bytes of IP, UDP, SRTP and RTP headers around a payload; about the same around a report."""
_PACKETS_A_SECOND: Final = 50
_COMPENSATION: Final = 1.21828
"""e - 3/2, which compensates for timer reconsideration (§6.3.1)."""
_NTP_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970."""
_MAX_RTT: Final = 0x10000 * 60
"""A minute, in 1/65536 s: a longer round trip is an error in the report."""


class Reporting:
    """The RTCP of a call: our reports on schedule, and the far end's as they arrive.

    `draw` returns numbers in [0, 1); `wall_clock` is what to add to `now` to get seconds
    since 1970.
    """

    def __init__(
        self,
        sender: Sender,
        receiver: Receiver,
        *,
        cname: str,
        draw: Callable[[], float],
        wall_clock: float,
        avpf: bool = False,
    ) -> None:
        self.avpf = avpf
        """True if the profile allows reports sooner than RFC 3550 does."""
        self.rtt_ms: float | None = None
        """The round trip in ms, by the last report block; None before the first."""
        self.remote_report: ReportBlock | None = None
        """The far end's last report block about our packets; None before the first."""
        self.remote_metrics: VoipMetrics | None = None
        """The far end's last VoIP metrics on our sound (RFC 3611 §4.7); None if it sends none."""
        self._lost_before = 0
        """Packets lost, by the last reports of previous far ends, and about our previous SSRCs."""
        self._sender = sender
        self._receiver = receiver
        self._delivery = DeliveryMonitor(sender)
        self._cname = cname
        self._draw = draw
        self._wall_clock = wall_clock
        self._since: float | None = None
        """When the last report was sent; before that, when `due` was first called."""
        self._wait = 0.0
        """The part of the current interval to wait, drawn at random for each report."""
        self._has_reported = False
        self._size = 0
        """Bytes of the last report."""
        self._overdue_before = 0
        self._sent_before = 0

    @property
    def delivery(self) -> Delivery:
        """Whether our packets arrive, by all of the far end's reports so far."""
        return self._delivery.state

    @property
    def remote_lost(self) -> int | None:
        """Our lost packets, by the reports of all far ends of this call; None without any."""
        if self.remote_report is None:
            return self._lost_before or None
        return self._lost_before + max(0, self.remote_report.lost)

    def begin_anew(self) -> None:
        """Start over with another far end: only its own reports tell what arrives there."""
        self._forget_report()
        self._delivery = DeliveryMonitor(self._sender)

    def _forget_report(self) -> None:
        self._lost_before, self.remote_report = self.remote_lost or 0, None

    def due(self, now: float) -> float:
        """Return when the next report should be sent, on the clock of `now`; sooner with losses."""
        if self._since is None:  # the first comes after half the interval (§6.2)
            self._since, self._wait = now, self._drawn() / 2
        return self._since + self._wait * self._interval_s(now)

    def report(self, now: float, metrics: VoipMetrics | None = None) -> bytes:
        """Return the next compound packet: SR or RR, SDES, and `metrics`; the wait starts again."""
        self._since, self._wait, self._has_reported = now, self._drawn(), True
        self._overdue_before = self._receiver.overdue(now)
        extended = (ExtendedReport(self._sender.ssrc, (metrics,)),) if metrics is not None else ()
        data = build((self._report(now), self._description(), *extended))
        self._size = len(data)
        return data

    def goodbye(self, now: float) -> bytes:
        """Return the last compound packet, with a BYE (§6.3.7)."""
        return build((self._report(now), self._description(), Goodbye((self._sender.ssrc,))))

    def receive(self, data: bytes, now: float) -> tuple[RtcpPacket, ...]:
        """Process a compound packet, and return what it contains.

        A BYE has no effect: the stream may continue, or another one may follow.
        """
        packets = parse(data)
        reports = [one for one in packets if isinstance(one, SenderReport | ReceiverReport)]
        for packet in packets:
            if isinstance(packet, SenderReport):
                self._receiver.on_sender_report(packet, now)
            elif isinstance(packet, ExtendedReport):
                self._on_metrics(packet.metrics)
        if reports:
            self._on_blocks([block for report in reports for block in report.blocks], now)
        return packets

    def _interval_s(self, now: float) -> float:
        if not self.avpf:
            return INTERVAL_S
        if self._has_reported and self._receiver.overdue(now) <= self._overdue_before:
            return AVPF_INTERVAL_S
        payload = self._sender.octets / self._sender.packets if self._sender.packets else 0
        allowed = _SHARE * _PACKETS_A_SECOND * (payload + _OVERHEAD)  # bytes a second
        return max(LOSSY_INTERVAL_S, 2 * (self._size + _OVERHEAD) / allowed)

    def _drawn(self) -> float:
        """Return the part of the interval to wait, at random, against synchronization (§6.3.1)."""
        return (0.5 + self._draw()) / _COMPENSATION

    def _report(self, now: float) -> SenderReport | ReceiverReport:
        sender, blocks = self._sender, self._receiver.report(now)
        if sender.packets == self._sent_before:  # nothing was sent since the last report (§6.4)
            return ReceiverReport(sender.ssrc, blocks)
        self._sent_before = sender.packets
        earlier_packets, earlier_octets = sender.earlier
        return SenderReport(
            ssrc=sender.ssrc,
            ntp_time=self._ntp_time(now),
            timestamp=sender.timestamp_at(now),
            packets=sender.packets - earlier_packets & 0xFFFF_FFFF,
            octets=sender.octets - earlier_octets & 0xFFFF_FFFF,
            blocks=blocks,
        )

    def _description(self) -> SourceDescription:
        return SourceDescription(self._sender.ssrc, self._cname)

    def _on_blocks(self, blocks: Sequence[ReportBlock], now: float) -> None:
        """Process the report blocks of one compound packet."""
        self._delivery.on_blocks(blocks, now)
        for block in blocks:
            if block.ssrc == self._sender.ssrc:
                if self.remote_report is not None and self.remote_report.ssrc != block.ssrc:
                    self._forget_report()  # our SSRC has changed
                self.remote_report = block
                self._measure_round_trip(block, now)

    def _on_metrics(self, metrics: tuple[VoipMetrics, ...]) -> None:
        for one in metrics:
            if one.ssrc == self._sender.ssrc:
                self.remote_metrics = one

    def _measure_round_trip(self, block: ReportBlock, now: float) -> None:
        if block.last_sender_report == 0:
            return
        arrival = self._ntp_time(now) >> 16 & 0xFFFF_FFFF
        trip = (arrival - block.last_sender_report - block.delay_since) & 0xFFFF_FFFF
        if trip < _MAX_RTT:
            self.rtt_ms = trip * 1000 / 65536

    def _ntp_time(self, now: float) -> int:
        return int((now + self._wall_clock + _NTP_EPOCH) * 2**32) & 0xFFFF_FFFF_FFFF_FFFF
