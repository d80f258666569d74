"""The sending half of a call: sound and digits in, unencrypted RTP out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs.codec import Encoder, make_encoder
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.codecs.packetizer import Packetizer
from sipcli.media.dtmf.dtmf_digits import DialStep, Digit
from sipcli.media.dtmf.dtmf_sender import DtmfSender, EventFrame
from sipcli.media.pcm import Pcm
from sipcli.media.quality.level import Meter
from sipcli.media.rtp import extension
from sipcli.media.rtp.loss_protection import LossProtection
from sipcli.media.rtp.red import MAX_REDUNDANT, Redundancy
from sipcli.media.rtp.rtcp import ReportBlock
from sipcli.media.rtp.sender import Sender
from sipcli.media.rtp.xr import VoipMetrics


@dataclass(frozen=True, slots=True)
class OutboundFormats:
    """The formats the far end agreed to receive."""

    codec: Codec
    payload_type: int
    events: Mapping[int, int] = field(default_factory=dict)
    """Telephone-events: clock rate in Hz -> payload type; empty if it takes none."""
    red: int | None = None
    """Payload type of RED (RFC 2198); None if the far end does not accept it."""
    max_redundant: int = MAX_REDUNDANT
    """Maximum earlier payloads that a RED packet may repeat, as limited by bandwidth."""
    packet_ms: int = 20
    """ms of sound in each packet, as `codec.packet_ms` allows."""
    opus: OpusSettings | None = None
    """How the far end wants its Opus; unused with other codecs."""
    mid: extension.ExtensionElement | None = None
    """The MID header extension of packets (RFC 9143 §9.2); None if the far end wants none."""


class OutboundAudio:
    """Turns frames of sound (20 ms, 960 samples at 48 kHz) into packets.

    `ssrc`, `sequence` and `timestamp` are random numbers of 32, 16 and 32 bits.
    """

    def __init__(
        self,
        formats: OutboundFormats,
        *,
        ssrc: int,
        sequence: int,
        timestamp: int,
    ) -> None:
        self.sender = Sender(
            ssrc=ssrc,
            sequence=sequence,
            timestamp=timestamp,
            clock_rate=formats.codec.clock_rate,
        )
        self.meter = Meter()
        """The level of the sound that was sent."""
        self.dtmf = DtmfSender()
        self.sender.extension = _extension(formats)
        self._formats = formats
        self._encoder: Encoder = make_encoder(formats.codec, formats.opus)
        self._protection = LossProtection(_max_redundant(formats))
        self._redundancy = Redundancy()
        self._packetizer = Packetizer(self._encoder, formats.codec, formats.packet_ms)
        self._last_report: ReportBlock | None = None
        self._last_metrics: VoipMetrics | None = None
        self._digits: list[Digit] = []
        self._event_type = 0
        """The payload type of the digit being sent."""

    @property
    def codec(self) -> Codec:
        """The codec in use."""
        return self._formats.codec

    @property
    def takes_events(self) -> bool:
        """True if the far end accepts digits in RTP."""
        return bool(self._formats.events)

    def agree(self, formats: OutboundFormats) -> None:
        """Apply a new agreement from the next frame on.

        The digit being sent finishes as it began; queued ones use the new agreement.
        """
        before = self._formats
        is_other = (formats.codec, formats.opus) != (before.codec, before.opus)
        if is_other:
            self._encoder = make_encoder(formats.codec, formats.opus)
        if is_other or formats.packet_ms != before.packet_ms:
            self._packetizer = Packetizer(self._encoder, formats.codec, formats.packet_ms)
        self.sender.clock_rate = formats.codec.clock_rate
        self.sender.extension = _extension(formats)
        self._formats = formats
        self._protection.max_redundant = _max_redundant(formats)
        self._encoder.expect_loss(self._protection.fec_percent)

    def on_report(self, report: ReportBlock, now: float) -> None:
        """Adapt the loss protection to a new report block of the far end."""
        if report is not self._last_report:
            self._last_report = report
            # The far end now knows the medium of our SSRC: packets need not carry the MID any more.
            self.sender.extension = b""
            self._protection.on_report(100 * report.fraction_lost, now)
            self._encoder.expect_loss(self._protection.fec_percent)

    def on_metrics(self, metrics: VoipMetrics) -> None:
        """Adapt the loss protection to the far end's VoIP metrics (RFC 3611 §4.7)."""
        if metrics is self._last_metrics:
            return
        self._last_metrics = metrics
        self._protection.on_metrics(metrics, self.sender.packets)
        self._encoder.expect_loss(self._protection.fec_percent)

    def packetize(self, pcm: Pcm, now: float) -> list[bytes]:
        """Return the packets due with a frame of sound, or with the digit in its place.

        Empty during DTX silence, and while a packet is not full.
        """
        timestamp = self.sender.tick(now)
        event = self._event(timestamp)
        if event is None:
            sound = self._packetizer.add_frame(pcm, timestamp)
            if not self._encoder.pausing:
                self.meter.measure(pcm)
            return [packet for each in sound for packet in self._sound(*each, now)]
        sound = self._packetizer.flush()
        packets = [packet for each in sound for packet in self._sound(*each, now)]
        if event.marker:
            self._event_type = self._formats.events[event.clock_rate]
        packets.append(self._event_packet(event, now))
        return packets

    def _sound(self, timestamp: int, payload: bytes, now: float) -> Iterator[bytes]:
        """Yield the packet of a payload; none if DTX sends nothing."""
        if not payload:
            self.sender.pause()
            return
        payload_type = self._formats.payload_type
        together = self._redundancy.add(
            payload_type, timestamp, payload, self._protection.distances, self._packetizer.samples
        )
        if together is not None and self._formats.red is not None:
            payload_type, payload = self._formats.red, together
        silent = self._encoder.pausing
        yield self.sender.audio(payload_type, payload, timestamp, now, silent=silent)

    def rename(self, ssrc: int) -> None:
        """Continue with another SSRC, and add the MID to packets again."""
        self.sender.rename(ssrc)
        self.sender.extension = _extension(self._formats)

    def pause(self, now: float) -> None:
        """Advance the time by a frame without sending: the call is on hold."""
        self.sender.tick(now)
        self.sender.pause()
        self._packetizer.flush()  # dropped: the far end does not want it

    def queue_digits(self, steps: tuple[DialStep, ...]) -> None:
        """Queue digits to be sent. Raises `InvalidDigits` if too many are waiting."""
        self.dtmf.queue(steps)

    def end_digit(self) -> list[bytes]:
        """End the digit being sent; returns its final packets, to be sent at once."""
        return [self._event_packet(event, None) for event in self.dtmf.end()]

    def digits(self) -> tuple[Digit, ...]:
        """Return the digits that were sent since the last call."""
        sent, self._digits = tuple(self._digits), []
        return sent

    def _event(self, timestamp: int) -> EventFrame | None:
        events = self._formats.events
        # Their clock should be that of the audio; some peers accept 8 kHz only, whatever the codec.
        own = self.sender.clock_rate
        rate = own if own in events else min(events, default=None)
        return self.dtmf.frame(timestamp, rate)

    def _event_packet(self, event: EventFrame, now: float | None) -> bytes:
        if event.finished is not None:
            self._digits.append(event.finished)
        return self.sender.event(
            self._event_type, event.payload, event.timestamp, event.marker, now
        )


def _extension(formats: OutboundFormats) -> bytes:
    return b"" if formats.mid is None else extension.build(formats.mid)


def _max_redundant(formats: OutboundFormats) -> int:
    return 0 if formats.red is None else formats.max_redundant
