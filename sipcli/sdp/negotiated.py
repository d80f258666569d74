"""The result of an offer/answer exchange: all that the media need to know, without SDP."""

from dataclasses import dataclass

from sipcli.sdp.direction import Direction
from sipcli.sdp.formats import COMFORT_NOISE, OPUS, RED, TELEPHONE_EVENT, Format
from sipcli.sdp.opus import OpusWishes
from sipcli.sdp.sources import MidExtension
from sipcli.sdp.transport_params import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiatedMedia:
    """The agreed parameters of the call's audio."""

    direction: Direction
    """As we see it: if the far end holds us, we do not send."""
    sends: tuple[Format, ...]
    """The formats we may send, with the far end's numbers; the codec to use comes first."""
    receives: tuple[Format, ...]
    """The formats that may arrive, by payload type, including those from earlier in the dialog."""
    ptime: int
    """ms of sound the far end wants in each packet, 1 to 120."""
    bandwidth: int | None
    """Maximum bit/s the far end wants, RTP payload only; None if it gave no limit."""
    avpf: bool
    """True for an AVPF profile: RTCP may be sent early and often (RFC 4585)."""
    voip_metrics: bool
    """True if the far end wants VoIP metrics in our RTCP (RFC 3611 §5)."""
    sources: tuple[int, ...]
    """The SSRCs the far end announces for its packets (RFC 5576); empty if it names none."""
    mid_extension: MidExtension | None
    """How packets name their medium (RFC 9143 §9.2); None if not agreed."""
    path: Path

    def __str__(self) -> str:
        """Return a summary for the log."""
        formats = " ".join(
            f"{each.payload_type}={each.encoding}/{each.clock_rate}" for each in self.sends
        )
        way = "a new association" if self.path.new_association else "the same association"
        restart = ", ICE restart" if self.path.ice_restarted else ""
        return f"{formats}, {self.direction}, ptime {self.ptime} ms, {way}{restart}"

    @property
    def codec(self) -> Format:
        """The codec of the audio that we send."""
        return self.sends[0]

    @property
    def telephone_event(self) -> Format | None:
        """The format of the DTMF digits that we send; None if the far end takes none in RTP.

        It has the clock rate of `codec` (RFC 4733 §2.5.1.2), or its own for gateways that support
        no other.
        """
        events = [each for each in self.sends if each.encoding == TELEPHONE_EVENT]
        same = [each for each in events if each.clock_rate == self.codec.clock_rate]
        return next(iter(same + events), None)

    @property
    def comfort_noise(self) -> Format | None:
        """The comfort noise that may replace `codec` in silence (RFC 3389); None if not agreed."""
        return self._send(COMFORT_NOISE)

    @property
    def red(self) -> Format | None:
        """The RED in which `codec` may repeat payloads (RFC 2198); None if not agreed."""
        return self._send(RED)

    @property
    def opus(self) -> OpusWishes | None:
        """The far end's wishes for the Opus it receives; None if `codec` is not Opus."""
        return OpusWishes.of(self.codec) if self.codec.encoding == OPUS else None

    def _send(self, encoding: str) -> Format | None:
        found = (each for each in self.sends if each.encoding == encoding)
        return next((each for each in found if each.clock_rate == self.codec.clock_rate), None)
