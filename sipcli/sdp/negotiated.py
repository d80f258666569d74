"""The outcome of an exchange: everything the media need to know, without SDP."""

from dataclasses import dataclass

from sipcli.sdp.direction import Direction
from sipcli.sdp.formats import COMFORT_NOISE, OPUS, RED, TELEPHONE_EVENT, Format
from sipcli.sdp.opus import OpusWishes
from sipcli.sdp.sources import MidExtension
from sipcli.sdp.transport_params import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiatedMedia:
    """How the call's audio goes from now on."""

    direction: Direction
    """As we see it: hold by the far end takes our `sends` away, and so on."""
    sends: tuple[Format, ...]
    """What we may send, with the far end's numbers; the codec to use comes first."""
    receives: tuple[Format, ...]
    """What may arrive, by number: also under numbers and codecs from earlier in the dialog."""
    ptime: int
    """ms of sound the far end wants in each packet, 1 to 120."""
    bandwidth: int | None
    """bit/s the far end wants at most, RTP payload only; None: no limit given."""
    avpf: bool
    """Whether the profile is one of AVPF: RTCP may come soon and often (RFC 4585)."""
    voip_metrics: bool
    """Whether the far end wants VoIP metrics in our RTCP (RFC 3611 §5)."""
    sources: tuple[int, ...]
    """The SSRCs that the far end announces for its packets (RFC 5576); empty if it names none."""
    mid_extension: MidExtension | None
    """How packets name their medium (RFC 9143 §9.2); None where that was not agreed."""
    path: Path

    def __str__(self) -> str:
        """What a log tells of it."""
        formats = " ".join(
            f"{each.payload_type}={each.encoding}/{each.clock_rate}" for each in self.sends
        )
        way = "a new association" if self.path.new_association else "the same association"
        restart = ", ICE restart" if self.path.ice_restarted else ""
        return f"{formats}, {self.direction}, ptime {self.ptime} ms, {way}{restart}"

    @property
    def codec(self) -> Format:
        """What our audio is encoded with."""
        return self.sends[0]

    @property
    def telephone_event(self) -> Format | None:
        """How our DTMF digits are sent; None if the far end cannot take them in RTP.

        It shares the clock of `codec` (RFC 4733 §2.5.1.2), or, for gateways that know no other,
        has one of its own.
        """
        events = [each for each in self.sends if each.encoding == TELEPHONE_EVENT]
        same = [each for each in events if each.clock_rate == self.codec.clock_rate]
        return next(iter(same + events), None)

    @property
    def comfort_noise(self) -> Format | None:
        """How `codec` may be replaced in silence (RFC 3389); None if it may not."""
        return self._send(COMFORT_NOISE)

    @property
    def red(self) -> Format | None:
        """How packets of `codec` may carry earlier ones (RFC 2198); None if they may not."""
        return self._send(RED)

    @property
    def opus(self) -> OpusWishes | None:
        """How the far end wants its Opus; None where `codec` is another one."""
        return OpusWishes.of(self.codec) if self.codec.encoding == OPUS else None

    def _send(self, encoding: str) -> Format | None:
        found = (each for each in self.sends if each.encoding == encoding)
        return next((each for each in found if each.clock_rate == self.codec.clock_rate), None)
