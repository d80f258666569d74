"""The sound of one call both ways: what happens every 20 ms, and with every packet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sipcli.media.dtmf.digits import Digit
from sipcli.media.pcm import Pcm
from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.sender import Sender
from sipcli.media.session.incoming import Incoming
from sipcli.media.session.outgoing import Outgoing
from sipcli.sdp.agreed import Agreed


class Source(Protocol):
    """Where the sound that we send comes from (source.AudioSource)."""

    def read(self) -> Pcm:
        """The next frame; silence where there is nothing. Never waits."""


class Sink(Protocol):
    """Where the sound that we hear goes to (sink.AudioSink)."""

    def write(self, frame: Pcm) -> None:
        """Take the next frame. Never waits."""


class Tap(Protocol):
    """Somebody who listens to both sides, frame by frame in step: a recorder, an expectation."""

    def put(self, sent: Pcm, received: Pcm) -> None:
        """Take a frame of each direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Where packets go, and who hears of digits."""

    send_rtp: Callable[[bytes], None]
    send_rtcp: Callable[[bytes], None]
    on_digit_sent: Callable[[Digit], None]
    on_digit_received: Callable[[Digit], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomness:
    """What has to be unpredictable in RTP (RFC 3550 §5.1, §6.2, §8.1)."""

    ssrc: int
    sequence: int
    timestamp: int
    cname: str
    draw: Callable[[], float]


class Stream:
    """Joins source, codec, RTP, playout and sink. Time is `now`, in seconds of one clock."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        taps: tuple[Tap, ...],
        wire: Wire,
        random: Randomness,
        wall_clock: float,
    ) -> None:
        self.source = source
        self.sink = sink
        self.sender = Sender(
            ssrc=random.ssrc,
            sequence=random.sequence,
            timestamp=random.timestamp,
            clock_rate=48_000,
        )
        self.receiver = Receiver()
        self.outgoing = Outgoing(self.sender, wire.send_rtp, wire.on_digit_sent)
        self.incoming = Incoming(self.receiver, wire.on_digit_received)
        self.reporting = Reporting(
            self.sender,
            self.receiver,
            cname=random.cname,
            draw=random.draw,
            wall_clock=wall_clock,
        )
        self.agreed: Agreed | None = None
        self._taps = taps
        self._wire = wire

    def agree(self, agreed: Agreed) -> None:
        """Go on by what is now agreed."""
        self.agreed = agreed
        self.incoming.agree(agreed)
        self.outgoing.agree(agreed)

    def on_rtp(self, data: bytes, now: float) -> None:
        """Take in an RTP packet, decrypted."""
        self.incoming.packet(data, now)

    def on_rtcp(self, data: bytes, now: float) -> None:
        """Take in a compound RTCP packet, decrypted."""
        self.reporting.receive(data, now)
        if self.reporting.remote is not None:
            self.outgoing.expect_loss(self.reporting.remote.fraction_lost * 100)

    def tick(self, now: float) -> None:
        """Everything that is due every 20 ms, in both directions."""
        sent = self.outgoing.frame(self.source.read(), now)
        received = self.incoming.frame(now)
        self.sink.write(received)
        for tap in self._taps:
            tap.put(sent, received)
        if self.reporting.due(now) <= now:
            self._wire.send_rtcp(self.reporting.report(now))

    def goodbye(self, now: float) -> None:
        """Say by RTCP that we leave (RFC 3550 §6.3.7)."""
        if self.sender.packets:
            self._wire.send_rtcp(self.reporting.goodbye(now))
