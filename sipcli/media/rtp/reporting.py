"""When RTCP is sent, what it says, and what the far end's says of us (RFC 3550 §6.2-§6.4)."""

from collections.abc import Callable
from typing import Final

from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.rtcp import (
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

INTERVAL_S: Final = 5.0
"""Seconds between reports on average: the minimum that suits two parties (§6.2)."""
_COMPENSATION: Final = 1.21828
"""e - 3/2: what timer reconsideration would otherwise shorten (§6.3.1)."""
_SURELY_HEARD: Final = 100
"""Packets (two seconds of sound) after which a report without a word on us tells of a loss."""
_ALL_LOST: Final = 255 / 256
"""What the fraction of lost packets can tell at most."""
_NTP_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970."""
_LONGEST_RTT: Final = 0x10000 * 60
"""A minute, in 1/65536 s: what is longer is a report gone wrong."""


class Reporting:
    """The RTCP of a call: our reports on their schedule, and the far end's as they come.

    `draw` returns numbers in [0, 1); `wall_clock` is what to add to `now` to get seconds
    since 1970; `interval_s` is the mean time between reports, in seconds.
    """

    def __init__(
        self,
        sender: Sender,
        receiver: Receiver,
        *,
        cname: str,
        draw: Callable[[], float],
        wall_clock: float,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.rtt_ms: float | None = None
        """The round trip as the last report block tells it, in ms; None before the first."""
        self.remote: ReportBlock | None = None
        """The far end's last word on the packets we sent; None before the first."""
        self.is_unheard = False
        """Whether its last report says that nothing of what we sent has arrived."""
        self._sender = sender
        self._receiver = receiver
        self._cname = cname
        self._draw = draw
        self._wall_clock = wall_clock
        self._interval_s = interval_s
        self._due: float | None = None
        self._sent_before = 0

    def due(self, now: float) -> float:
        """When the next report is to be sent, in the seconds of `now`."""
        if self._due is None:  # the first comes after half the interval (§6.2)
            self._due = now + self._wait() / 2
        return self._due

    def report(self, now: float) -> bytes:
        """A compound packet: SR or RR, and who we are. Sets when the next is due."""
        self._due = now + self._wait()
        return build((self._report(now), self._description()))

    def goodbye(self, now: float) -> bytes:
        """The last compound packet (§6.3.7)."""
        return build((self._report(now), self._description(), Goodbye((self._sender.ssrc,))))

    def receive(self, data: bytes, now: float) -> tuple[RtcpPacket, ...]:
        """Take note of a compound packet, and return what is in it.

        A BYE ends nothing here: the stream may go on, or another begin in its place.
        """
        packets = parse(data)
        for packet in packets:
            match packet:
                case SenderReport():
                    self._receiver.sender_report(packet, now)
                    self._heed(packet.blocks, now)
                case ReceiverReport():
                    self._heed(packet.blocks, now)
        return packets

    def _wait(self) -> float:
        return self._interval_s * (0.5 + self._draw()) / _COMPENSATION

    def _report(self, now: float) -> SenderReport | ReceiverReport:
        sender, blocks = self._sender, self._receiver.report(now)
        if sender.packets == self._sent_before:  # a sender is who sent since the last (§6.4)
            return ReceiverReport(sender.ssrc, blocks)
        self._sent_before = sender.packets
        return SenderReport(
            ssrc=sender.ssrc,
            ntp_time=self._ntp_time(now),
            timestamp=sender.timestamp_at(now),
            packets=sender.packets & 0xFFFF_FFFF,
            octets=sender.octets & 0xFFFF_FFFF,
            blocks=blocks,
        )

    def _description(self) -> SourceDescription:
        return SourceDescription(self._sender.ssrc, self._cname)

    def _heed(self, blocks: tuple[ReportBlock, ...], now: float) -> None:
        # There is a block for each source that was heard (§6.4): none for us may mean only that
        # we have just begun, and where there was one before, that we have paused.
        if self.remote is None:
            self.is_unheard = self._sender.packets >= _SURELY_HEARD
        for block in blocks:
            if block.ssrc == self._sender.ssrc:
                self.remote = block
                self.is_unheard = block.fraction_lost >= _ALL_LOST
                self._measure_round_trip(block, now)

    def _measure_round_trip(self, block: ReportBlock, now: float) -> None:
        if block.last_sender_report == 0:
            return
        arrival = self._ntp_time(now) >> 16 & 0xFFFF_FFFF
        trip = (arrival - block.last_sender_report - block.delay_since) & 0xFFFF_FFFF
        if trip < _LONGEST_RTT:
            self.rtt_ms = trip * 1000 / 65536

    def _ntp_time(self, now: float) -> int:
        return int((now + self._wall_clock + _NTP_EPOCH) * 2**32) & 0xFFFF_FFFF_FFFF_FFFF
