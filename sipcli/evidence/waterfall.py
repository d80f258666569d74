"""The phases of a run, each with its begin and end: which one was slow, and which one failed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    Phase.TURN: 2000.0,
    Phase.RING: 6000.0,
    Phase.ICE: 1000.0,
    Phase.DTLS: 1000.0,
    Phase.AUDIO: 2000.0,
}
"""A phase that is done and took longer is slow.

- DNS, TCP, TLS, WebSocket, STUN: a lost packet is sent again after 1 s (RFC 6298 §2 for TCP, whose
  loss holds up all that runs over it) or less, so something was lost, or the other end is busy.
- registration, TURN: the same for two round trips, as a challenge has it.
- ring: within 6 s of the INVITE the far end rings, or answers, in 95 of 100 local calls that meet
  ITU-T E.721 (table 2). How long it rings is up to a person, and never slow.
- ICE, DTLS: what is lost is sent again after 0.5 s (RFC 8445 §14.3), or 1 s (RFC 6347 §4.2.4.1).
- audio: who answers speaks within 2 s, as a rule, and a machine that is to be heard does.
"""
MAX_BARS: Final = 100
"""Of one waterfall. Of more, the first and the last are kept."""
CONNECTION_PHASES: Final = (
    Phase.DNS,
    Phase.TCP,
    Phase.TLS,
    Phase.WEBSOCKET,
    Phase.REGISTRATION,
)
CALL_PHASES: Final = (
    Phase.RING,
    Phase.ANSWER,
    Phase.OFFER_ANSWER,
    Phase.ICE,
    Phase.DTLS,
    Phase.AUDIO,
)
"""Of each call. STUN and TURN are shown where such a server was asked."""
_ORDER: Final = tuple(Phase)


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
    begin_ms: float | None = None
    """Since the begin of the run; None if it was not begun."""
    end_ms: float | None = None
    """None if it was not begun. One that was begun and not reached ended with its call or run."""
    text: str
    """What happened: `INVITE to 180 Ringing`, or why it failed."""
    server: str | None = None
    """The URI of the server that was tried; None for a phase of a call."""
    facts: tuple[Fact, ...] = ()
    """What was learnt: addresses, certificate, cipher."""

    @property
    def duration_ms(self) -> float | None:
        """How long it took; None if it was not begun."""
        if self.begin_ms is None or self.end_ms is None:
            return None
        return self.end_ms - self.begin_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """The bars of a run's connections, or of one call: in the order of time, and at the end those
    that were not begun, in the order of the phases.
    """

    bars: tuple[PhaseBar, ...]
    failed: Phase | None
    """The phase to blame, which has a failed bar; None if none is. A failed bar alone is no
    failure: another attempt may have worked."""
    left_out: int = 0
    """Bars from the middle that there is no room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """The phase that failed, and the sentence that says why."""

    phase: Phase
    text: str
    at_ms: float
    """When that was known, since the begin of the run."""


def reached(phase: Phase, begin_ms: float, end_ms: float) -> BarState:
    """Return the state of a phase that was done in this time: done, or slow."""
    return "slow" if end_ms - begin_ms > SLOW_MS.get(phase, float("inf")) else "done"


def waterfall(
    bars: Iterable[PhaseBar], blame: Blame | None, expected: Iterable[Phase] = ()
) -> Waterfall:
    """Return the waterfall of these bars, with one for each `expected` phase that has none.

    `blame` names the phase to mark as failed.
    """
    found = list(bars)
    begun = {bar.phase for bar in found}
    found += [_not_reached(phase) for phase in expected if phase not in begun]
    if blame is not None:
        _mark(found, blame)
    found.sort(key=_place)
    left_out = max(len(found) - MAX_BARS, 0)
    if left_out:
        found = [*found[: MAX_BARS // 2], *found[len(found) - MAX_BARS // 2 :]]
    return Waterfall(
        bars=tuple(found), failed=blame.phase if blame is not None else None, left_out=left_out
    )


def _not_reached(phase: Phase) -> PhaseBar:
    return PhaseBar(phase=phase, state="not reached", text="not reached")


def _mark(bars: list[PhaseBar], blame: Blame) -> None:
    """Mark the last bar of the phase to blame as failed, or add one.

    A phase that was done and failed later, as a connection that is lost, has both bars. A call
    rings once, though, and has one answer.
    """
    numbers = [number for number, bar in enumerate(bars) if bar.phase is blame.phase]
    last = numbers[-1] if numbers else None
    if last is not None and bars[last].state == "failed":
        return
    failed = PhaseBar(
        phase=blame.phase,
        state="failed",
        begin_ms=blame.at_ms,
        end_ms=blame.at_ms,
        text=blame.text,
    )
    is_only_once = blame.phase in (Phase.RING, Phase.ANSWER, Phase.OFFER_ANSWER)
    if last is None or (bars[last].state in ("done", "slow") and not is_only_once):
        bars.append(failed)
    elif bars[last].begin_ms is None:
        bars[last] = failed
    else:
        bars[last] = replace(bars[last], state="failed", text=blame.text)


def _place(bar: PhaseBar) -> tuple[bool, float, float, int]:
    is_begun = bar.begin_ms is not None
    return (not is_begun, bar.begin_ms or 0.0, bar.end_ms or 0.0, _ORDER.index(bar.phase))
