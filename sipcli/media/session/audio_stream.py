"""The audio of one call in both directions: the work of every 20 ms and every packet."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final, Protocol, runtime_checkable

from sipcli.config.tables import OpusTable
from sipcli.media.audio_io.open import AudioSink, AudioSource, AudioTap
from sipcli.media.dtmf.dtmf_digits import Digit
from sipcli.media.pcm import FRAME, Pcm, silence
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.rtcp import ReceiverReport, SenderReport
from sipcli.media.session import rtp_formats
from sipcli.media.session.inbound import InboundAudio
from sipcli.media.session.outbound import OutboundAudio
from sipcli.media.session.statistics import Statistics, snapshot, voip_metrics
from sipcli.sdp.negotiated import NegotiatedMedia

MAX_COLLISIONS: Final = 4
"""Maximum changes of our SSRC because the far end has the same: by chance, hardly ever once."""
_SPEECH: Final = OpusTable()
"""The default Opus settings."""


@runtime_checkable
class Paced(Protocol):
    """A source or sink with its own clock: a sound device."""

    @property
    def pace(self) -> float:
        """Seconds by which to delay the next frame, to stay in step with the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOutputs:
    """The outputs of a stream: packets and digits."""

    send_rtp: Callable[[bytes], None]
    send_rtcp: Callable[[bytes], None]
    on_digit_sent: Callable[[Digit], None]
    on_digit_received: Callable[[Digit], None]
    is_open: Callable[[], bool] = lambda: True
    """Returns True if packets can currently be sent."""
    on_ssrc: Callable[[int], None]
    """Called with our new SSRC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomValues:
    """The values that must be unpredictable in RTP (RFC 3550 §5.1, §6.2, §8.1)."""

    ssrc: int
    sequence: int
    timestamp: int
    cname: str
    draw: Callable[[], float]


class AudioStream:
    """Joins source, codec, RTP, jitter buffer and sink. Time is `now`, in seconds of one clock."""

    def __init__(
        self,
        source: AudioSource,
        sink: AudioSink,
        taps: tuple[AudioTap, ...],
        outputs: StreamOutputs,
        random: RandomValues,
        wall_clock: float,
        opus: OpusTable = _SPEECH,
    ) -> None:
        self.muted = False
        self.withholds = False
        """True to send no audio at all, not even silence: a fault for tests."""
        self.agreed: NegotiatedMedia | None = None
        self.inbound: InboundAudio | None = None
        """None before the first agreement, like the next two."""
        self.last_rtp: float | None = None
        """When the last RTP packet arrived, in the seconds of `now`; None before the first."""
        self.outbound: OutboundAudio | None = None
        self.reporting: Reporting | None = None
        self._watcher: tuple[AudioTap, ...] = ()
        self.use(source, sink, taps)
        self._outputs = outputs
        self._random = random
        self._wall_clock = wall_clock
        self._opus = opus
        self._collisions = 0

    def use(self, source: AudioSource, sink: AudioSink, taps: tuple[AudioTap, ...]) -> None:
        """Switch to another source, sink and taps from the next frame on."""
        self.source, self.sink = source, sink
        self._taps, self._all_taps = taps, (*taps, *self._watcher)
        # Follow one clock only, the sink's if possible: a jump is more audible in what we play.
        self._clock = next((part for part in (sink, source) if isinstance(part, Paced)), None)

    def watch(self, watcher: AudioTap | None) -> None:
        """Give each frame to one further tap, whatever `use` says; None: to none."""
        self._watcher = () if watcher is None else (watcher,)
        self._all_taps = (*self._taps, *self._watcher)

    def pace(self) -> float:
        """Return by how many seconds to delay the next frame beyond 20 ms after this one."""
        return self._clock.pace if self._clock is not None else 0.0

    def agree(self, agreed: NegotiatedMedia, *, anew: bool = False) -> None:
        """Apply a new agreement; `anew` if it is with another far end."""
        if self.outbound is not None and (anew or not agreed.direction.sends):
            self._end_digit(self.outbound)
        self.agreed = agreed
        self.avoid_ssrcs(agreed.sources)
        if self.inbound is None or self.outbound is None or self.reporting is None:
            self._begin(agreed)
        else:
            self.reporting.avpf = agreed.avpf
            if anew:
                self.reporting.begin_anew()
            self.inbound.agree(rtp_formats.inbound(agreed))
            self.outbound.agree(rtp_formats.outbound(agreed, self._opus))

    def avoid_ssrcs(self, ssrcs: Collection[int], now: float | None = None) -> None:
        """Change our SSRC if it is among `ssrcs`, which the far end uses (RFC 3550 §8.2).

        Sends a BYE for the old one if anything was sent with it and the time is known.
        """
        if self._random.ssrc not in ssrcs or self._collisions == MAX_COLLISIONS:
            return
        self._collisions += 1
        if now is not None:
            self.goodbye(now)
        ssrc = int(self._random.draw() * 2**32)
        self._random = replace(self._random, ssrc=ssrc)
        if self.outbound is not None:
            self.outbound.rename(ssrc)
        self._outputs.on_ssrc(ssrc)

    def on_rtp(self, data: bytes, now: float) -> str | None:
        """Process a decrypted RTP packet; garbage is dropped without other effect.

        Returns what became of it, if that is worth a note.
        """
        if self.inbound is None:
            return None
        self.last_rtp = now
        remark = self.inbound.on_rtp(data, now)
        if self.inbound.receiver.latest == self._random.ssrc:
            self.avoid_ssrcs((self._random.ssrc,), now)
        return remark

    def on_rtcp(self, data: bytes, now: float) -> None:
        """Process a decrypted compound RTCP packet."""
        if self.reporting is not None and self.outbound is not None:
            packets = self.reporting.receive(data, now)
            reports = (each for each in packets if isinstance(each, SenderReport | ReceiverReport))
            self.avoid_ssrcs([each.ssrc for each in reports], now)
            # Metrics first: they describe the time before the report changes the protection.
            if self.reporting.remote_metrics is not None:
                self.outbound.on_metrics(self.reporting.remote_metrics)
            if self.reporting.remote_report is not None:
                self.outbound.on_report(self.reporting.remote_report, now)

    def tick(self, now: float) -> None:
        """Do the work of one 20 ms frame, in both directions."""
        if self.inbound is None or self.outbound is None or self.reporting is None:
            return
        sent = self._send(self.outbound, now)
        received = self.inbound.read(now)
        self.sink.write(received)
        for tap in self._all_taps:
            tap.write(sent, received)
        for digit in self.inbound.digits(now):
            self._outputs.on_digit_received(digit)
        if self.reporting.due(now) <= now:
            wanted = self.agreed is not None and self.agreed.voip_metrics
            metrics = voip_metrics(self.inbound, self.reporting) if wanted else None
            self._outputs.send_rtcp(self.reporting.report(now, metrics))

    def skip(self, frames: int) -> None:
        """Skip frames of 20 ms, so that what we send does not stay late."""
        if self.outbound is not None:
            self.outbound.sender.skip(frames)

    def statistics(self) -> Statistics | None:
        """Return the current statistics; None before the first agreement."""
        if self.inbound is None or self.outbound is None or self.reporting is None:
            return None
        return snapshot(self.inbound, self.outbound, self.reporting)

    def goodbye(self, now: float) -> None:
        """Send an RTCP BYE (RFC 3550 §6.3.7)."""
        has_sent = self.outbound is not None and self.outbound.sender.packets > 0
        if self.reporting is not None and has_sent:
            self._outputs.send_rtcp(self.reporting.goodbye(now))

    def _send(self, outbound: OutboundAudio, now: float) -> Pcm:
        """Send the current frame; returns the sound sent."""
        pcm = self.source.read()
        if self.muted or self.agreed is None or not self.agreed.direction.sends:
            pcm = silence(FRAME)
        may_send = self.agreed is not None and self.agreed.direction.sends
        if self.withholds or not may_send or not self._outputs.is_open():
            outbound.pause(now)
            return pcm
        for packet in outbound.packetize(pcm, now):
            self._outputs.send_rtp(packet)
        for digit in outbound.digits():
            self._outputs.on_digit_sent(digit)
        return pcm

    def _end_digit(self, outbound: OutboundAudio) -> None:
        """End the digit being sent before sending stops."""
        if not self._outputs.is_open():
            outbound.dtmf.begin_again()
        for packet in outbound.end_digit():
            self._outputs.send_rtp(packet)
        for digit in outbound.digits():
            self._outputs.on_digit_sent(digit)

    def _begin(self, agreed: NegotiatedMedia) -> None:
        random = self._random
        self.inbound = InboundAudio(rtp_formats.inbound(agreed))
        self.outbound = OutboundAudio(
            rtp_formats.outbound(agreed, self._opus),
            ssrc=random.ssrc,
            sequence=random.sequence,
            timestamp=random.timestamp,
        )
        self.reporting = Reporting(
            self.outbound.sender,
            self.inbound.receiver,
            cname=random.cname,
            draw=random.draw,
            wall_clock=self._wall_clock,
            avpf=agreed.avpf,
        )
