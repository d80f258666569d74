"""The receiving half of a call: decrypted RTP in; sound, digits and counters out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sipcli.catalog.codecs import COMFORT_NOISE, Codec
from sipcli.media.codecs.codec import Decoder, make_decoder
from sipcli.media.dtmf.dtmf_digits import Digit
from sipcli.media.dtmf.dtmf_receiver import DtmfReceiver
from sipcli.media.jitter_buffer.jitter_buffer import JitterBuffer
from sipcli.media.pcm import FRAME, Pcm
from sipcli.media.quality.level import AUDIBLE_DBFS, Meter, dbfs, rms
from sipcli.media.rtp import red
from sipcli.media.rtp.bursts import BurstMetrics
from sipcli.media.rtp.extension import OneOf
from sipcli.media.rtp.packet import RtpPacket
from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.red import RedBlock
from sipcli.media.rtp.remarks import joined

SILENCE_S: Final = 1.0
"""Seconds of silence after which the current source may be replaced by one that speaks."""
MIN_AUDIBLE_PACKETS: Final = 10
"""Audible packets from another source, during such a silence, that count as speech."""
_MAX_SOURCES: Final = 4
"""Sources whose digits are tracked separately; a new one replaces the oldest."""
_INVALID_RED: Final = RedBlock(127, 0, b"")
"""The content of a packet with RED's payload type that is not RED."""


@dataclass(frozen=True, slots=True)
class InboundFormats:
    """The meaning of the payload types that we agreed to receive."""

    codecs: Mapping[int, Codec]
    """Including comfort noise."""
    events: Mapping[int, int] = field(default_factory=dict)
    """Telephone-events: payload type -> clock rate in Hz."""
    red: frozenset[int] = frozenset()
    """Payload types of packets that hold several others (RFC 2198)."""
    sources: frozenset[int] = frozenset()
    """The SSRCs the far end announces (RFC 5576)."""
    foreign: OneOf | None = None
    """The header extensions that mark packets of other media (MID, RFC 9143 §9.2)."""


class InboundAudio:
    """Accepts packets as they arrive, and returns sound on request."""

    def __init__(self, formats: InboundFormats) -> None:
        self.receiver = Receiver()
        self.receiver.announce(formats.sources, formats.foreign)
        self.jitter_buffer = JitterBuffer()
        self.meter = Meter()
        """The level of the sound that was played."""
        self.bursts = BurstMetrics()
        """The bursts of concealed frames."""
        self.codec: Codec | None = None
        """The codec of the last audio packet; None before the first."""
        self.unknown = 0
        """Packets with a payload type that was not agreed."""
        self._formats = formats
        self._decoders: dict[int, Decoder] = {}
        self._dtmf: dict[int, DtmfReceiver] = {}
        """By SSRC: some gateways send digits from a separate source."""
        self._digits: list[Digit] = []
        self._competing = CompetingSource()
        self._silent_since: float | None = None
        """When the current silence began; None while sound is audible, and initially."""
        self._ssrc: int | None = None
        self._counted = (0, 0)
        """Frames already counted in `bursts`: good and lost ones."""

    def agree(self, formats: InboundFormats) -> None:
        """Apply a new agreement: payload types have these meanings from now on."""
        self._decoders = {
            number: decoder
            for number, decoder in self._decoders.items()
            if formats.codecs.get(number) == self._formats.codecs[number]
        }
        self._formats = formats
        self.receiver.announce(formats.sources, formats.foreign)

    def on_rtp(self, data: bytes, now: float) -> str | None:
        """Process a packet; never raises, whatever it contains.

        Returns what became of it, if that is worth a note.
        """
        packet = self.receiver.receive(data)
        if packet is not None:
            packet, redundant = self._unpacked(packet)
        elif self.receiver.other_packet is not None:
            packet, redundant = self._unpacked(self.receiver.other_packet)
            if not self._should_switch(packet, now):
                return self.receiver.remark
            self.receiver.follow(packet)
        else:
            return self.receiver.remark
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._decoders.clear()
            self._competing.forget()
            self._silent_since = None
        codec = self._formats.codecs.get(packet.payload_type)
        if codec is not None and packet.payload:
            return self._sound(packet, codec, redundant, now)
        self.jitter_buffer.skip_packet(packet)
        clock_rate = self._formats.events.get(packet.payload_type)
        if clock_rate is not None:
            self._event(packet, clock_rate, now)
        elif codec is None:
            self.unknown += 1
            unknown = f"payload type {packet.payload_type} was not agreed"
            return joined(self.receiver.remark, unknown)
        return self.receiver.remark

    def _unpacked(self, packet: RtpPacket) -> tuple[RtpPacket, tuple[RedBlock, ...]]:
        """Return the packet with its primary payload, and its redundant blocks, latest first."""
        if packet.payload_type not in self._formats.red or not packet.payload:
            return packet, ()
        *older, primary = red.parse(packet.payload) or (_INVALID_RED,)
        packet = packet._replace(payload_type=primary.payload_type, payload=primary.payload)
        return packet, tuple(reversed(older))

    def _should_switch(self, packet: RtpPacket, now: float) -> bool:
        """Return True if this other source speaks while the current one is silent."""
        clock_rate = self._formats.events.get(packet.payload_type)
        if clock_rate is not None:
            self._event(packet, clock_rate, now)
            return False
        codec = self._formats.codecs.get(packet.payload_type)
        if codec is None or codec == COMFORT_NOISE or not packet.payload:
            return False
        if self._silent_since is None or now - self._silent_since < SILENCE_S:
            self._competing.forget()
            return False
        return self._competing.speaks(packet, codec)

    def _event(self, packet: RtpPacket, clock_rate: int, now: float) -> None:
        receiver = self._dtmf.get(packet.ssrc)
        if receiver is None:
            if len(self._dtmf) == _MAX_SOURCES:
                del self._dtmf[next(iter(self._dtmf))]
            receiver = self._dtmf[packet.ssrc] = DtmfReceiver()
        self._digits.extend(receiver.receive(packet, clock_rate, now))

    def _sound(
        self, packet: RtpPacket, codec: Codec, redundant: tuple[RedBlock, ...], now: float
    ) -> str | None:
        decoder = self._decoders.get(packet.payload_type)
        if decoder is None:
            decoder = self._decoders[packet.payload_type] = make_decoder(codec)
        if codec != COMFORT_NOISE:
            self.codec = codec
        self.receiver.count_jitter(packet, codec.clock_rate, now)
        again = tuple(
            (block.timestamp_offset * codec.scale, block.payload)
            for block in redundant
            if block.payload_type == packet.payload_type and block.timestamp_offset
        )
        remark = self.jitter_buffer.add_packet(packet, codec.scale, decoder, now, again)
        if self.receiver.remark is None:
            return remark
        if self.receiver.skipped and decoder.has_fec(packet.payload):
            remark = joined("it has FEC for the last one", remark)
        return joined(self.receiver.remark, remark)

    def read(self, now: float, samples: int = FRAME) -> Pcm:
        """Return the next `samples` of sound, at 48 kHz."""
        pcm = self.jitter_buffer.read(now, samples)
        self.meter.measure(pcm)
        if self.meter.level_dbfs > AUDIBLE_DBFS:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        self._count_played()
        return pcm

    def _count_played(self) -> None:
        """Count the sound that was played, in whole frames."""
        counts = self.jitter_buffer.counts
        good, lost = (counts.played + counts.recovered) // FRAME, counts.concealed // FRAME
        if good > self._counted[0]:
            self.bursts.add_good(good - self._counted[0])
        if lost > self._counted[1]:
            self.bursts.add_lost(lost - self._counted[1])
        self._counted = good, lost

    def digits(self, now: float) -> tuple[Digit, ...]:
        """Return the digits that have ended since the last call."""
        fallen_silent = (digit for each in self._dtmf.values() for digit in each.expire(now))
        ended = (*self._digits, *fallen_silent)
        self._digits.clear()
        return ended


class CompetingSource:
    """Decodes one other source at a time, while the current one is silent."""

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._codec: Codec | None = None
        self._decoder: Decoder | None = None
        self._audible = 0

    def speaks(self, packet: RtpPacket, codec: Codec) -> bool:
        """Return True if its source counts as speaking, with this audio packet included."""
        if (packet.ssrc, codec) != (self._ssrc, self._codec) or self._decoder is None:
            self._ssrc, self._codec = packet.ssrc, codec
            self._decoder = make_decoder(codec)
            self._audible = 0
        self._audible += dbfs(rms(self._decoder.decode(packet.payload))) > AUDIBLE_DBFS
        return self._audible >= MIN_AUDIBLE_PACKETS

    def forget(self) -> None:
        """Start over: the current source speaks again, or another one has taken its place."""
        self._ssrc = self._decoder = None
