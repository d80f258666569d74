"""The receiving half of a call: decrypted RTP in; sound, digits and counts out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sipcli.media.codecs.codec import COMFORT_NOISE, Codec, Decoder
from sipcli.media.codecs.registry import make_decoder
from sipcli.media.dtmf.digits import Digit
from sipcli.media.dtmf.receiver import DtmfReceiver
from sipcli.media.level import Meter
from sipcli.media.pcm import FRAME, Pcm
from sipcli.media.playout.playout import Playout
from sipcli.media.rtp import red
from sipcli.media.rtp.bursts import Bursts
from sipcli.media.rtp.extension import Element
from sipcli.media.rtp.packet import RtpPacket
from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.red import Block

_NOTHING: Final = Block(127, 0, b"")
"""What a packet has in it that says it is RED and is none."""


@dataclass(frozen=True, slots=True)
class InboundFormats:
    """What the payload types mean that we said we would receive."""

    codecs: Mapping[int, Codec]
    """Comfort noise among them."""
    events: Mapping[int, int] = field(default_factory=dict)
    """Telephone-events: payload type -> clock rate in Hz."""
    red: frozenset[int] = frozenset()
    """Payload types of packets that hold several others (RFC 2198)."""
    sources: frozenset[int] = frozenset()
    """SSRCs that the far end announces (RFC 5576)."""
    mid: Element | None = None
    """What packets of ours bear where they name their medium (RFC 9143 §9.2)."""


class Inbound:
    """Takes packets as they come, and gives a frame of sound whenever one is asked for."""

    def __init__(self, formats: InboundFormats) -> None:
        self.receiver = Receiver()
        self.receiver.announce(formats.sources, formats.mid)
        self.playout = Playout()
        self.meter = Meter()
        """Of what was played."""
        self.bursts = Bursts()
        """Of what had to be made up."""
        self.codec: Codec | None = None
        """That of the last packet of sound; None before the first."""
        self.unknown = 0
        """Packets of a payload type that was not agreed on."""
        self._formats = formats
        self._decoders: dict[int, Decoder] = {}
        self._dtmf = DtmfReceiver()
        self._digits: list[Digit] = []
        self._ssrc: int | None = None
        self._judged = (0, 0)
        """Frames that `bursts` knows of: those that sounded as they were sent, and others."""

    def agree(self, formats: InboundFormats) -> None:
        """Another offer and answer: from now on, payload types mean this."""
        self._decoders = {
            number: decoder
            for number, decoder in self._decoders.items()
            if formats.codecs.get(number) == self._formats.codecs[number]
        }
        self._formats = formats
        self.receiver.announce(formats.sources, formats.mid)

    def rtp(self, data: bytes, now: float) -> None:
        """Take in a packet; never raises, whatever it is."""
        packet = self.receiver.receive(data)
        if packet is None:
            return
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._decoders.clear()
            self._dtmf = DtmfReceiver()
        redundant: tuple[Block, ...] = ()
        if packet.payload_type in self._formats.red and packet.payload:
            *older, primary = red.parse(packet.payload) or (_NOTHING,)
            packet = packet._replace(payload_type=primary.payload_type, payload=primary.payload)
            redundant = tuple(reversed(older))
        codec = self._formats.codecs.get(packet.payload_type)
        if codec is not None and packet.payload:
            self._sound(packet, codec, redundant, now)
            return
        self.playout.step_over(packet)
        clock_rate = self._formats.events.get(packet.payload_type)
        if clock_rate is not None:
            self._digits.extend(self._dtmf.receive(packet, clock_rate, now))
        elif codec is None:
            self.unknown += 1

    def _sound(
        self, packet: RtpPacket, codec: Codec, redundant: tuple[Block, ...], now: float
    ) -> None:
        decoder = self._decoders.get(packet.payload_type)
        if decoder is None:
            decoder = self._decoders[packet.payload_type] = make_decoder(codec)
        if codec != COMFORT_NOISE:
            self.codec = codec
        self.receiver.timed(packet, codec.clock_rate, now)
        again = tuple(
            (block.timestamp_offset * codec.scale, block.payload)
            for block in redundant
            if block.payload_type == packet.payload_type and block.timestamp_offset
        )
        self.playout.put(packet, codec.scale, decoder, now, again)

    def frame(self, now: float, samples: int = FRAME) -> Pcm:
        """The next `samples` of what is heard."""
        pcm = self.playout.get(now, samples)
        self.meter.put(pcm)
        self._judge()
        return pcm

    def _judge(self) -> None:
        """Let the sound that was played count, in whole frames."""
        counts = self.playout.counts
        good, lost = (counts.played + counts.recovered) // FRAME, counts.concealed // FRAME
        if good > self._judged[0]:
            self.bursts.good(good - self._judged[0])
        if lost > self._judged[1]:
            self.bursts.lost(lost - self._judged[1])
        self._judged = good, lost

    def digits(self, now: float) -> tuple[Digit, ...]:
        """The digits that are over since the last call."""
        ended = (*self._digits, *self._dtmf.expire(now))
        self._digits.clear()
        return ended
