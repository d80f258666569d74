"""The outcome of an exchange: everything the media need to know, without SDP."""

from dataclasses import dataclass
from typing import Final

from sipcli.sdp.digits import number
from sipcli.sdp.direction import Direction
from sipcli.sdp.formats import COMFORT_NOISE, OPUS, RED, TELEPHONE_EVENT, Format
from sipcli.sdp.path import Path

_YES: Final = ("1", "true", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusWishes:
    """How the far end wants its Opus (RFC 7587 §6.1)."""

    fec: bool = False
    """Whether it can use in-band forward error correction."""
    dtx: bool = False
    """Whether it prefers that silence is not sent."""
    stereo: bool = False
    cbr: bool = False
    """Whether it prefers a constant bit rate."""
    max_average_bitrate: int | None = None
    """bit/s, 6000 to 510000."""
    max_playback_rate: int = 48_000
    """Hz it can play, 8000 to 48000."""

    @classmethod
    def of(cls, opus: Format) -> "OpusWishes":
        """Read them from the far end's format; what means nothing counts as not said."""
        options = opus.options()
        return cls(
            fec=options.get("useinbandfec", "").lower() in _YES,
            dtx=options.get("usedtx", "").lower() in _YES,
            stereo=options.get("stereo", "").lower() in _YES,
            cbr=options.get("cbr", "").lower() in _YES,
            max_average_bitrate=number(options.get("maxaveragebitrate"), 6_000, 510_000),
            max_playback_rate=number(options.get("maxplaybackrate"), 8_000, 48_000) or 48_000,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
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
    path: Path

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
