"""The phases of a run, each with its begin and end: which one was slow, and which one failed."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sipcli.errors import Phase

BarState: TypeAlias = Literal["done", "slow", "failed", "not reached"]

SLOW_MS: Final = {
    Phase.DNS: 1000.0,
    Phase.TCP: 1000.0,
    Phase.TLS: 1000.0,
    Phase.WEBSOCKET: 1000.0,
    Phase.REGISTRATION: 2000.0,
    Phase.STUN: 1000.0,
    Phase.TURN: 1000.0,
    Phase.ICE: 1000.0,
    Phase.DTLS: 1000.0,
    Phase.RING: 6000.0,
    Phase.AUDIO: 2000.0,
}
"""A phase that takes longer is slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and its value, to show."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseBar:
    """One phase, or one attempt at it: a phase that was tried again has several bars."""

    phase: Phase
    state: BarState
    begin_ms: float | None
    """Since the begin of the run; None if it was not reached."""
    end_ms: float | None
    """None if it was not reached."""
    text: str
    """What happened: `INVITE to 180 Ringing`, or why it failed."""
    server: str | None = None
    """The URI of the server that was tried; None for a phase of a call."""
    facts: tuple[Fact, ...] = ()
    """What was learnt: addresses, certificate, cipher."""

    @property
    def duration_ms(self) -> float | None:
        """How long it took; None if it was not reached."""
        if self.begin_ms is None or self.end_ms is None:
            return None
        return self.end_ms - self.begin_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """The bars of a run's connections, or of one call, in the order of the phases and of time."""

    bars: tuple[PhaseBar, ...]
    failed: Phase | None
    """The phase to blame, which has a failed bar; None if none is. A failed bar alone is no
    failure: another attempt may have worked."""
