"""The encodings that we support, and the order in which we prefer them."""

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
"""Telephone-events at the clock rate of each codec: they share timestamps (RFC 4733 §2.5.1.2)."""

_COMFORT_NOISE: Final = format_of(codecs.COMFORT_NOISE)
_RED: Final = Format(63, RED, 48000, 2)
_OPUS: Final = OpusWishes(fec=True)
"""As Chromium wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The formats that we offer and accept."""

    codecs: tuple[str, ...] = tuple(CODECS)
    """Names of `CODECS`, the preferred first."""
    own_order: bool = False
    """True if this order applies to answers and later offers, too.

    Otherwise an answer keeps the order of the offer, as RFC 3264 §6.1 recommends unless there is
    a reason against it; a list that the user wrote is such a reason.
    """
    comfort_noise: bool = False
    """True to use comfort noise (RFC 3389) with codecs that have none of their own."""
    red: bool = False
    """True to use redundancy (RED, RFC 2198) with Opus."""
    opus: OpusWishes = _OPUS
    """How we want to receive Opus."""

    def __post_init__(self) -> None:
        if not self.codecs or not CODECS.keys() >= set(self.codecs):
            raise ValueError(f"codecs must be some of {', '.join(CODECS)}")

    @property
    def formats(self) -> tuple[Format, ...]:
        """Return all formats we may use, codecs first, with the payload types we would choose."""
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
        """Return only the codecs, the preferred first."""
        return tuple(CODECS[name].key for name in dict.fromkeys(self.codecs))
