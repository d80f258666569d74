"""What a codec is to the rest of the phone: its names and numbers, an encoder, a decoder."""

from dataclasses import dataclass
from typing import Protocol

from sipcli.media.pcm import RATE, Pcm


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec's description. What is negotiated of it belongs to the session description."""

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
    """The static one (RFC 3551 §6); None where it is dynamic."""
    bytes_per_ms: int | None
    """Of payload, where that can be cut and joined at any millisecond; None where it cannot."""
    coding_ms: float
    """By how much sound comes later for being encoded and decoded, filters and resampling with it;
    the time that a packet takes to fill is none of it."""

    @property
    def scale(self) -> int:
        """Samples at 48 kHz for one step of the RTP timestamp."""
        return RATE // self.clock_rate


OPUS = Codec("opus", "opus", 48_000, 48_000, 2, None, None, 6.5)
G722 = Codec("g722", "G722", 8_000, 16_000, 1, 9, 8, 3.3)
PCMU = Codec("pcmu", "PCMU", 8_000, 8_000, 1, 0, 8, 3.9)
PCMA = Codec("pcma", "PCMA", 8_000, 8_000, 1, 8, 8, 3.9)
COMFORT_NOISE = Codec("cn", "CN", 8_000, 8_000, 1, 13, None, 0.0)
"""RFC 3389: not a codec to choose, but what some send in its place while nobody speaks."""


class Encoder(Protocol):
    """Makes payloads of sound. It has a memory: sound is given in its order, none left out."""

    @property
    def pausing(self) -> bool:
        """Whether nobody speaks in the last frame, as far as DTX looks for that."""

    def encode(self, pcm: Pcm) -> bytes:
        """The payload for one packet; empty if nothing need be sent (DTX).

        That is 960 samples, or as many as `registry.packet_ms` allows.
        """

    def expect_loss(self, percent: float) -> None:
        """Prepare for this share of the packets to be lost, as the far end reports it."""


class Decoder(Protocol):
    """Makes sound of payloads, and of their absence. All sample counts are at 48 kHz.

    What comes in is the far end's: no payload raises, or costs more than its decoding.
    """

    @property
    def pausing(self) -> bool:
        """Whether the sender said, by its last payload, that it falls silent for a while."""

    @property
    def looks_ahead(self) -> bool:
        """Whether `conceal` does so much better with what follows that this is worth a wait."""

    def samples(self, payload: bytes) -> int:
        """How much sound is in `payload`; 0 if it cannot be decoded."""

    def decode(self, payload: bytes) -> Pcm:
        """The sound in `payload`; where it cannot be decoded after all, that of `conceal`."""

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """Sound in place of a packet that did not come: 1 to 5760 samples (120 ms).

        `following`: the payload whose sound comes right after it, where that is here; it is
        decoded next. Empty if nobody knows yet.
        """

    def has_fec(self, payload: bytes) -> bool:
        """Whether `payload` also tells how the packet before it sounded."""

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """The sound of the packet before `payload`, in its place: 1 to 5760 samples.

        `payload` itself is decoded after that.
        """
