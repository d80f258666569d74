"""The interfaces of encoders and decoders."""

from typing import Protocol

from sipcli.media.pcm import Pcm


class Encoder(Protocol):
    """Encodes sound to payloads. It is stateful: pass all sound, in order."""

    @property
    def pausing(self) -> bool:
        """True if DTX found no speech in the last frame."""

    def encode(self, pcm: Pcm) -> bytes:
        """Return the payload for one packet; empty if nothing need be sent (DTX).

        `pcm` has 960 samples, or as many as `registry.packet_ms` allows.
        """

    def expect_loss(self, percent: float) -> None:
        """Prepare for this percentage of packet loss, as reported by the far end."""


class Decoder(Protocol):
    """Decodes payloads, and conceals missing ones. All sample counts are at 48 kHz.

    Payloads come from the far end: none of them raises, or costs more than its decoding.
    """

    @property
    def pausing(self) -> bool:
        """True if the last payload announced a pause (DTX)."""

    @property
    def looks_ahead(self) -> bool:
        """True if `conceal` is so much better with `following` that it is worth waiting for."""

    def samples(self, payload: bytes) -> int:
        """Return the number of samples in `payload`; 0 if it cannot be decoded."""

    def decode(self, payload: bytes) -> Pcm:
        """Return the sound in `payload`; if it cannot be decoded after all, that of `conceal`."""

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """Return sound in place of a missing packet: 1 to 5760 samples (120 ms).

        `following`: the payload right after the gap, to be decoded next; empty if it has not
        arrived.
        """

    def has_fec(self, payload: bytes) -> bool:
        """Return True if `payload` also carries the packet before it (in-band FEC)."""

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """Return the sound of the packet before `payload`: 1 to 5760 samples.

        `payload` itself is decoded after that.
        """
