"""The audio codecs: the names, numbers and quality figures of each, declared once.

To add a codec, declare it in `CODECS` and write the file in `media/codecs/` that the declaration
names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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


_WHOLE_TENS: Final = tuple(range(10, 130, 10))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codec:
    """The description of a codec; what is negotiated of it is in the session description.

    There is one object for each codec, so two are equal only if they are the same: this is
    compared for each packet.
    """

    name: str
    """As in the `codecs` setting, in lower case."""
    encoding: str
    """As in an `a=rtpmap` line."""
    module: str
    """The file in `media/codecs/` that has its `make_encoder` and `make_decoder`."""
    clock_rate: int
    """Hz: of the RTP timestamps. G.722 says 8000 though it is 16 kHz (RFC 3551 §4.5.2)."""
    sample_rate: int
    """Hz: of the sound inside the codec."""
    channels: int = 1
    """As in an `a=rtpmap` line; Opus says 2 whatever is sent (RFC 7587 §4.1)."""
    payload_type: int | None = None
    """The static one (RFC 3551 §6); None if it is dynamic."""
    dynamic_payload_type: int | None = None
    """The one that we offer if there is no static one: Chromium's, which all gateways have met."""
    fmtp: str = ""
    """The `a=fmtp` parameters that we always send; `sdp/opus_fmtp.py` adds the settings of Opus."""
    bytes_per_ms: int | None = None
    """Of payload, if it can be split and joined at any millisecond; None if it cannot."""
    packets_ms: tuple[int, ...] = _WHOLE_TENS
    """The lengths of packet that the encoder can make, the shortest first."""
    coding_ms: float = 0.0
    """The delay that encoding and decoding add, filters and resampling included; the time that a
    packet takes to fill is not."""
    impairment: Impairment | None = None
    """None for what is not speech."""

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

OPUS: Final = Codec(
    name="opus",
    encoding="opus",
    module="opus",
    clock_rate=48_000,
    sample_rate=48_000,
    channels=2,
    dynamic_payload_type=111,
    fmtp="minptime=10",  # shorter packets work, but cost more
    packets_ms=(10, 20, 40, 60, 80, 100, 120),  # as libopus encodes (RFC 6716 §2.1.4)
    coding_ms=6.5,
    impairment=_OPUS,
)
G722: Final = Codec(
    name="g722",
    encoding="G722",
    module="g722",
    clock_rate=8_000,
    sample_rate=16_000,
    payload_type=9,
    bytes_per_ms=8,
    coding_ms=3.3,
    impairment=_G722,
)
PCMU: Final = Codec(
    name="pcmu",
    encoding="PCMU",
    module="g711",
    clock_rate=8_000,
    sample_rate=8_000,
    payload_type=0,
    bytes_per_ms=8,
    coding_ms=3.9,
    impairment=_G711,
)
PCMA: Final = replace(PCMU, name="pcma", encoding="PCMA", payload_type=8)

CODECS: Final[Mapping[str, Codec]] = MappingProxyType(
    {codec.name: codec for codec in (OPUS, G722, PCMU, PCMA)}
)
"""By the names of the `codecs` setting, in the order of preference if none is set."""

COMFORT_NOISE: Final = Codec(
    name="cn",
    encoding="CN",
    module="comfort_noise",
    clock_rate=8_000,
    sample_rate=8_000,
    payload_type=13,
)
"""RFC 3389: not a codec to choose, but what some peers send while their user is silent."""
