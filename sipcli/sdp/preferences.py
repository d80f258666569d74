"""Which encodings we can use, and in what order we would."""

from dataclasses import dataclass, replace
from typing import Final

from sipcli.catalog import codecs
from sipcli.sdp.formats import OPUS, RED, TELEPHONE_EVENT, Format, Key, format_of
from sipcli.sdp.opus import OpusWishes

CODECS: Final = {name: format_of(codec) for name, codec in codecs.CODECS.items()}
"""The formats of the codecs, by the names that the `codecs` setting has."""

EVENTS: Final = (
    Format(110, TELEPHONE_EVENT, 48000, parameters="0-15"),
    Format(101, TELEPHONE_EVENT, 8000, parameters="0-15"),
)
"""DTMF digits at the clock of each codec, whose timestamps they share (RFC 4733 §2.5.1.2)."""

_COMFORT_NOISE: Final = format_of(codecs.COMFORT_NOISE)
_RED: Final = Format(63, RED, 48000, 2)
_OPUS: Final = OpusWishes(fec=True)
"""As Chromium wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What we offer and accept."""

    codecs: tuple[str, ...] = tuple(CODECS)
    """Names of `CODECS`, the best first."""
    own_order: bool = False
    """Whether this order counts in answers and later offers too.

    Otherwise an answer keeps the order of the offer, as RFC 3264 §6.1 recommends where there is
    no reason against it; a list that the user wrote is such a reason.
    """
    comfort_noise: bool = False
    """Whether to use comfort noise (RFC 3389) with the codecs that have none of their own."""
    red: bool = False
    """Whether to use redundancy (RFC 2198) with Opus."""
    opus: OpusWishes = _OPUS
    """How we want our Opus."""

    def __post_init__(self) -> None:
        if not self.codecs or not CODECS.keys() >= set(self.codecs):
            raise ValueError(f"codecs must be some of {', '.join(CODECS)}")

    @property
    def formats(self) -> tuple[Format, ...]:
        """Everything that may go over the wire, codecs first, with the numbers we would choose."""
        opus = replace(CODECS[OPUS], parameters=self.opus.parameters)
        codecs = tuple((CODECS | {OPUS: opus})[name] for name in dict.fromkeys(self.codecs))
        clocks = {each.clock_rate for each in codecs}
        return (
            *codecs,
            *((_RED,) if self.red and OPUS in self.codecs else ()),
            *((_COMFORT_NOISE,) if self.comfort_noise and 8000 in clocks else ()),
            *(each for each in EVENTS if each.clock_rate in clocks),
        )

    @property
    def codec_keys(self) -> tuple[Key, ...]:
        """The codecs alone, the best first."""
        return tuple(CODECS[name].key for name in dict.fromkeys(self.codecs))
