"""The interfaces of encoders and decoders."""

from typing import Protocol

from sipcli.media.pcm import Pcm


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
