"""Two halves of a call in virtual time: what one side sends, the other receives."""

from collections.abc import Iterator
from dataclasses import dataclass

from sipcli.catalog.codecs import COMFORT_NOISE, PCMU, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.pcm import FRAME, FRAME_S, Pcm, silence
from sipcli.media.rtp.packet import RtpPacket, parse
from sipcli.media.session.inbound import InboundAudio, InboundFormats
from sipcli.media.session.outbound import OutboundAudio, OutboundFormats

PAYLOAD_TYPE = 96
EVENTS = {8_000: 101, 48_000: 102}
DELAY_S = 0.025


def outbound(codec: Codec = PCMU, opus: OpusSettings | None = None, ssrc: int = 7) -> OutboundAudio:
    formats = OutboundFormats(codec, PAYLOAD_TYPE, EVENTS, opus=opus)
    return OutboundAudio(formats, ssrc=ssrc, sequence=65_500, timestamp=0xFFFF_0000)


def inbound(codec: Codec = PCMU) -> InboundAudio:
    codecs = {PAYLOAD_TYPE: codec, 13: COMFORT_NOISE}
    return InboundAudio(InboundFormats(codecs, {number: rate for rate, number in EVENTS.items()}))


def read(sent: list[bytes]) -> RtpPacket:
    """The only packet that was sent."""
    (data,) = sent
    packet = parse(data)
    assert packet is not None
    return packet


@dataclass
class Way:
    """From one half to the other, 25 ms long, without loss."""

    sender: OutboundAudio
    receiver: InboundAudio
    frames: int = 0

    def carry(self, frames: int, sound: Tone | Pcm | None = None) -> Iterator[Pcm]:
        """What is heard while `frames` more are sent: of a tone, always the same, or silence."""
        for _ in range(frames):
            now = self.frames * FRAME_S
            self.frames += 1
            for data in self.sender.packetize(_frame(sound), now):
                self.receiver.on_rtp(data, now + DELAY_S)
            yield self.receiver.read(now + DELAY_S + 0.005)

    def lose(self, frames: int, sound: Tone | Pcm | None = None) -> int:
        """Lose so many frames; returns the sequence number of the last packet."""
        number = -1
        for _ in range(frames):
            now = self.frames * FRAME_S
            self.frames += 1
            number = read(self.sender.packetize(_frame(sound), now)).sequence
            self.receiver.read(now + DELAY_S + 0.005)
        return number


def _frame(sound: Tone | Pcm | None) -> Pcm:
    if isinstance(sound, Tone):
        return sound.frame()
    return silence(FRAME) if sound is None else sound
