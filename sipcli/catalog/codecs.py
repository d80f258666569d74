"""The audio codecs: the names, numbers and quality figures of each, declared once.

To add a codec, declare it in `CODECS` and make its encoder and decoder in `media/codecs/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

PCM_RATE: Final = 48_000
"""Hz: the sampling rate of all sound outside the codecs."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """What a codec does to speech (ITU-T G.113)."""

    equipment: float
    """Ie: without losses."""
    robustness: float
    """Bpl: the percentage of loss that costs half of what is left, with our concealment."""
    wide_band: bool


@dataclass(frozen=True, slots=True)
class Codec:
    """The description of a codec. What is negotiated of it stands in the session description."""

    name: str
    """As in the `codecs` setting, in lower case."""
    encoding: str
    """As in an `a=rtpmap` line."""
    clock_rate: int
    """Hz: of the RTP timestamps. G.722 says 8000 though it is 16 kHz (RFC 3551 §4.5.2)."""
    sample_rate: int
    """Hz: of the sound inside the codec."""
    channels: int
    """As in an `a=rtpmap` line; Opus says 2 whatever is sent (RFC 7587 §4.1)."""
    payload_type: int | None
    """The static one (RFC 3551 §6); None if it is dynamic."""
    bytes_per_ms: int | None
    """Of payload, if it can be cut and joined at any millisecond; None if it cannot."""
    coding_ms: float
    """The delay that encoding and decoding add, filters and resampling included; the time that a
    packet takes to fill is not."""
    impairment: Impairment | None = None
    """None for what is not speech."""
    dynamic_payload_type: int | None = None
    """The one that we offer if there is no static one: Chromium's, which all gateways have met."""

    @property
    def scale(self) -> int:
        """Samples at 48 kHz for one step of the RTP timestamp."""
        return PCM_RATE // self.clock_rate

    @property
    def offered_payload_type(self) -> int:
        """The payload type in our offers."""
        number = self.dynamic_payload_type if self.payload_type is None else self.payload_type
        if number is None:
            raise ValueError(f"{self.name} has no payload type")
        return number


# G.711 with concealment, and G.722 without loss: ITU-T G.113, Appendices I and IV. The rest is our
# estimate, from which PESQ-WB of speech with 0-20 % of random loss differed by 0.6 at most.
_OPUS: Final = Impairment(5.0, 4.3, wide_band=True)
_G722: Final = Impairment(13.0, 4.3, wide_band=True)
_G711: Final = Impairment(0.0, 25.1, wide_band=False)

OPUS: Final = Codec("opus", "opus", 48_000, 48_000, 2, None, None, 6.5, _OPUS, 111)
G722: Final = Codec("g722", "G722", 8_000, 16_000, 1, 9, 8, 3.3, _G722)
PCMU: Final = Codec("pcmu", "PCMU", 8_000, 8_000, 1, 0, 8, 3.9, _G711)
PCMA: Final = Codec("pcma", "PCMA", 8_000, 8_000, 1, 8, 8, 3.9, _G711)

CODECS: Final[Mapping[str, Codec]] = MappingProxyType(
    {codec.name: codec for codec in (OPUS, G722, PCMU, PCMA)}
)
"""By the names of the `codecs` setting, in the order of preference if none is set."""

COMFORT_NOISE: Final = Codec("cn", "CN", 8_000, 8_000, 1, 13, None, 0.0)
"""RFC 3389: not a codec to choose, but what some peers send while their user is silent."""
