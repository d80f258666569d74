"""Payload types and the encodings they stand for (RFC 8866 §6.6, RFC 3551 §6)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sipcli.catalog import codecs
from sipcli.sdp.description import MediaDescription
from sipcli.sdp.digits import number

OPUS: Final = codecs.OPUS.name
G722: Final = codecs.G722.name
TELEPHONE_EVENT: Final = "telephone-event"
COMFORT_NOISE: Final = codecs.COMFORT_NOISE.name
RED: Final = "red"

HIGHEST_PAYLOAD_TYPE: Final = 127

Key: TypeAlias = tuple[str, int, int]
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
    def key(self) -> Key:
        """The key to compare it with another format."""
        return self.encoding, self.clock_rate, self.channels

    @property
    def rtpmap(self) -> str:
        """The value of its `rtpmap` attribute, with the registered spelling of the name."""
        name = _REGISTERED.get(self.encoding, self.encoding)
        channels = f"/{self.channels}" if self.channels > 1 else ""
        return f"{self.payload_type} {name}/{self.clock_rate}{channels}"

    def options(self) -> dict[str, str]:
        """The parameters of the form `name=value; …`, names in lower case."""
        pairs = (each.partition("=") for each in self.parameters.split(";"))
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


def format_of(codec: codecs.Codec) -> Format:
    """Return the format that we offer for a codec, without parameters."""
    return Format(codec.offered_payload_type, codec.name, codec.clock_rate, codec.channels)


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


def first_of_each(formats: Iterable[Format]) -> dict[Key, Format]:
    """Return the formats by key; the first if several numbers stand for the same."""
    result: dict[Key, Format] = {}
    for each in formats:
        result.setdefault(each.key, each)
    return result
