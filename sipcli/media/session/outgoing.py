"""The sound that goes out: frame by frame through the encoder into RTP packets."""

from collections.abc import Callable
from typing import Final

from sipcli.media.codecs.codec import Encoder
from sipcli.media.codecs.opus import OpusSettings
from sipcli.media.codecs.registry import CODECS, make_encoder
from sipcli.media.dtmf.digits import Digit
from sipcli.media.dtmf.sender import DtmfSender
from sipcli.media.level import Meter
from sipcli.media.pcm import Pcm, silence
from sipcli.media.rtp.sender import Sender
from sipcli.sdp.agreed import Agreed

BITRATE: Final = 32_000
"""bit/s of our Opus unless the far end wants less."""

OnDigit = Callable[[Digit], None]


class Outgoing:
    """Encodes what it is given, puts digits in its place, and counts time while it may not send."""

    def __init__(self, sender: Sender, send: Callable[[bytes], None], on_digit: OnDigit) -> None:
        self.meter = Meter()
        """Of what was really sent."""
        self.dtmf = DtmfSender()
        self.muted = False
        self._sender = sender
        self._send = send
        self._on_digit = on_digit
        self._agreed: Agreed | None = None
        self._encoder: Encoder | None = None

    def agree(self, agreed: Agreed) -> None:
        """Send by what is now agreed; the encoder goes on if its codec does."""
        before = self._agreed
        self._agreed = agreed
        if before is None or (before.codec.key, before.opus) != (agreed.codec.key, agreed.opus):
            codec = CODECS[agreed.codec.encoding]
            self._encoder = make_encoder(codec, _opus_settings(agreed))
            self._sender.clock_rate = codec.clock_rate

    def expect_loss(self, percent: float) -> None:
        """Prepare for the losses that the far end reports."""
        if self._encoder is not None:
            self._encoder.expect_loss(percent)

    def frame(self, pcm: Pcm, now: float) -> Pcm:
        """Send the frame of this moment; returns what it came to: silence where it was muted."""
        if self.muted:
            pcm = silence(len(pcm))
        agreed, encoder = self._agreed, self._encoder
        if agreed is None or encoder is None or not agreed.direction.sends:
            self._sender.pause(now)
            return silence(len(pcm))
        if not self._send_event(agreed, now):
            payload = encoder.encode(pcm)
            if payload:
                self._send(self._sender.audio(agreed.codec.payload_type, payload, now))
            else:
                self._sender.pause(now)
        self.meter.put(pcm)
        return pcm

    def _send_event(self, agreed: Agreed, now: float) -> bool:
        """Send what a digit needs in this frame; False where no digit sounds."""
        events = agreed.telephone_event
        if events is None:
            return False
        event = self.dtmf.frame(self._sender.timestamp, events.clock_rate)
        if event is None:
            return False
        self._send(
            self._sender.event(
                events.payload_type, event.payload, event.timestamp, event.marker, now
            )
        )
        if event.finished is not None:
            self._on_digit(event.finished)
        return True


def _opus_settings(agreed: Agreed) -> OpusSettings | None:
    wishes = agreed.opus
    if wishes is None:
        return None
    limits = [limit for limit in (wishes.max_average_bitrate, agreed.bandwidth) if limit]
    bitrate = max(6_000, min([BITRATE, *limits]))
    return OpusSettings(bitrate=bitrate, fec=wishes.fec, dtx=wishes.dtx)
