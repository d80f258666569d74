"""The sound that comes in: RTP packets through the playout into frames."""

from collections.abc import Callable
from dataclasses import dataclass

from sipcli.media.codecs.codec import COMFORT_NOISE, Decoder
from sipcli.media.codecs.registry import CODECS, make_decoder
from sipcli.media.dtmf.digits import Digit
from sipcli.media.dtmf.receiver import DtmfReceiver
from sipcli.media.level import Meter
from sipcli.media.pcm import RATE, Pcm
from sipcli.media.playout.playout import Playout
from sipcli.media.rtp.packet import RtpPacket
from sipcli.media.rtp.receiver import Receiver
from sipcli.sdp.agreed import Agreed
from sipcli.sdp.formats import TELEPHONE_EVENT, Format, Key

OnDigit = Callable[[Digit], None]


@dataclass(frozen=True, slots=True)
class _Events:
    """A payload type of telephone-events."""

    clock_rate: int


@dataclass(frozen=True, slots=True)
class _Sound:
    """A payload type of sound."""

    clock_rate: int
    decoder: Decoder


class Incoming:
    """Sorts packets by payload type, and hands out the sound when it is asked for."""

    def __init__(self, receiver: Receiver, on_digit: OnDigit) -> None:
        self.meter = Meter()
        """Of what was really played, before any volume."""
        self.playout = Playout()
        self.unknown = 0
        """Packets of payload types that were not agreed."""
        self._receiver = receiver
        self._on_digit = on_digit
        self._dtmf = DtmfReceiver()
        self._ssrc: int | None = None
        self._kinds: dict[int, _Events | _Sound] = {}
        self._decoders: dict[Key, Decoder] = {}

    def agree(self, agreed: Agreed) -> None:
        """Understand by what is now agreed; decoders keep their memory."""
        kinds = {each.payload_type: self._kind(each) for each in agreed.receives}
        self._kinds = {number: kind for number, kind in kinds.items() if kind is not None}

    def packet(self, data: bytes, now: float) -> None:
        """Take in a packet as it came, decrypted; garbage costs nothing but itself."""
        packet = self._receiver.receive(data, now)
        if packet is None:
            return
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._dtmf = DtmfReceiver()
        kind = self._kinds.get(packet.payload_type)
        if isinstance(kind, _Sound) and packet.payload:
            self._receiver.timed(packet, kind.clock_rate, now)
            self.playout.put(packet, RATE // kind.clock_rate, kind.decoder, now)
            return
        self.playout.step_over(packet)
        if isinstance(kind, _Events):
            self._event(packet, kind, now)
        elif kind is None:
            self.unknown += 1

    def frame(self, now: float) -> Pcm:
        """The sound of the next 20 ms; also lets digits end that fell silent."""
        for digit in self._dtmf.expire(now):
            self._on_digit(digit)
        pcm = self.playout.get(now)
        self.meter.put(pcm)
        return pcm

    def _event(self, packet: RtpPacket, kind: _Events, now: float) -> None:
        for digit in self._dtmf.receive(packet.payload, packet.timestamp, kind.clock_rate, now):
            self._on_digit(digit)

    def _kind(self, format_: Format) -> _Events | _Sound | None:
        if format_.encoding == TELEPHONE_EVENT:
            return _Events(format_.clock_rate)
        codec = CODECS.get(format_.encoding)
        if codec is None and format_.encoding == COMFORT_NOISE.name:
            codec = COMFORT_NOISE
        if codec is None:
            return None
        if format_.key not in self._decoders:
            self._decoders[format_.key] = make_decoder(codec)
        return _Sound(codec.clock_rate, self._decoders[format_.key])
