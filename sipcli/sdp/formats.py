"""Payload types, the encodings they stand for, and our preferences (RFC 8866 §6.6, RFC 3551)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sipcli.catalog import codecs
from sipcli.sdp.description import MediaDescription, number
from sipcli.sdp.opus_fmtp import OpusWishes

OPUS: Final = codecs.OPUS.name
G722: Final = codecs.G722.name
TELEPHONE_EVENT: Final = "telephone-event"
COMFORT_NOISE: Final = codecs.COMFORT_NOISE.name
RED: Final = "red"

HIGHEST_PAYLOAD_TYPE: Final = 127

FormatKey: TypeAlias = tuple[str, int, int]
"""Encoding name, clock rate (Hz) and channels: formats with equal keys are the same."""

_RTPMAP: Final = re.compile(
    r"([0-9]{1,3})[ \t]++([^/\s]++)(?:[ \t]*+/[ \t]*+([0-9]{1,6})(?:/([0-9]{1,3}))?)?"
)
_FMTP: Final = re.compile(r"([0-9]{1,3})[ \t]++(.*+)")


@dataclass(frozen=True, slots=True)
class Format:
    """A payload type and the encoding it stands for."""

    payload_type: int
    encoding: str
    """In lower case, such as `opus`; may be an encoding that we do not know."""
    clock_rate: int
    """Units of the RTP timestamp in a second: 8000 for G.722, which samples at 16 kHz."""
    channels: int = 1
    parameters: str = ""
    """The value of its `fmtp` attribute, without the number."""

    @property
    def key(self) -> FormatKey:
        """The key to compare it with another format."""
        return self.encoding, self.clock_rate, self.channels

    @property
    def rtpmap(self) -> str:
        """The value of its `rtpmap` attribute, with the registered spelling of the name."""
        name = _REGISTERED.get(self.encoding, self.encoding)
        channels = f"/{self.channels}" if self.channels > 1 else ""
        return f"{self.payload_type} {name}/{self.clock_rate}{channels}"

    def options(self) -> dict[str, str]:
        """Return the parameters of the form `name=value; …`, names in lower case."""
        pairs = (each.partition("=") for each in self.parameters.split(";"))
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


def format_of(codec: codecs.Codec) -> Format:
    """Return the format that we offer for a codec."""
    return Format(
        codec.offered_payload_type, codec.name, codec.clock_rate, codec.channels, codec.fmtp
    )


_OURS: Final = (*codecs.CODECS.values(), codecs.COMFORT_NOISE)
_REGISTERED: Final = {codec.name: codec.encoding for codec in _OURS}

STATIC: Final = {
    each.payload_type: each
    for each in (
        Format(3, "gsm", 8000),
        Format(4, "g723", 8000),
        Format(5, "dvi4", 8000),
        Format(6, "dvi4", 16000),
        Format(7, "lpc", 8000),
        Format(10, "l16", 44100, 2),
        Format(11, "l16", 44100),
        Format(12, "qcelp", 8000),
        Format(15, "g728", 8000),
        Format(16, "dvi4", 11025),
        Format(17, "dvi4", 22050),
        Format(18, "g729", 8000),
        *(format_of(codec) for codec in _OURS if codec.payload_type is not None),
    )
}
"""Static payload types, which need no `rtpmap` (RFC 3551 §6)."""


def read_formats(media: MediaDescription) -> tuple[Format, ...]:
    """Return the formats of an audio medium that are defined, in order, each number once."""
    maps = dict(filter(None, map(_read_rtpmap, reversed([*media.values("rtpmap")]))))
    found = map(_FMTP.fullmatch, reversed([*media.values("fmtp")]))
    parameters = {int(each[1]): each[2] for each in found if each}
    numbers = (number(text, 0, HIGHEST_PAYLOAD_TYPE) for text in dict.fromkeys(media.formats))
    return tuple(
        replace(base, parameters=parameters.get(base.payload_type, ""))
        for each in dict.fromkeys(numbers)
        if each is not None and (base := maps.get(each) or STATIC.get(each))
    )


def _read_rtpmap(value: str) -> tuple[int, Format] | None:
    found = _RTPMAP.match(value)
    if found is None:
        return None
    encoding, rate, channels = found[2].lower(), int(found[3] or 0), int(found[4] or 1)
    if encoding == G722:
        rate = 8000  # an old mistake, kept by RFC 3551 §4.5.2, which some peers correct
    elif encoding in (OPUS, RED) and rate in (0, 48000):
        rate, channels = 48000, 2  # whatever the peer writes: RFC 7587 §7 allows only this
    return int(found[1]), Format(int(found[1]), encoding, rate or 8000, channels)


def first_of_each(formats: Iterable[Format]) -> dict[FormatKey, Format]:
    """Return the formats by key; the first if several numbers stand for the same."""
    result: dict[FormatKey, Format] = {}
    for each in formats:
        result.setdefault(each.key, each)
    return result


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
    def codec_keys(self) -> tuple[FormatKey, ...]:
        """Return only the codecs, the preferred first."""
        return tuple(CODECS[name].key for name in dict.fromkeys(self.codecs))
