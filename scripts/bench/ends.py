"""One end of a call, whatever engine it runs on."""

from dataclasses import dataclass
from typing import Protocol

from scripts.bench.track import Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What became of one call at one end."""

    spoken: Track
    heard: Track
    mos: float | None = None
    """As the engine itself has it; None where it has no opinion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """How long the beginning took, in ms from the moment the answer was there."""

    connected_ms: float
    heard_ms: float
    """Until the first sound of the far end was handed out."""


class End(Protocol):
    """One end of one call. In this order: `offer` and `accept`, or `answer`; then `connected`."""

    async def offer(self) -> str:
        """Our offer, all addresses gathered."""

    async def answer(self, offer: str) -> str:
        """Our answer to an offer."""

    async def accept(self, answer: str) -> None:
        """Take the answer to our offer."""

    async def connected(self) -> None:
        """Return once media can flow."""

    async def first_heard(self) -> SetUp:
        """Return once the far end's sound is heard; of an offerer only."""

    @property
    def frames(self) -> tuple[int, int]:
        """How many frames of 20 ms should have been heard so far, and how many were late or
        missing."""

    def forget(self) -> None:
        """Begin to count and to remember anew."""

    async def conversation(self) -> Conversation:
        """All of the sound since the beginning, or since `forget`."""

    async def close(self) -> None:
        """Hang up."""


class Engine(Protocol):
    """Makes ends, and has what they share."""

    def end(self, codec: str, *, keeps: bool) -> End:
        """A new end that speaks `codec` and says the whole speech over and over.

        Without `keeps` no sound is remembered, so that the memory is the engine's own.
        """

    async def close(self) -> None:
        """Give back what the ends shared."""
