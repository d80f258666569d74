"""What the four transaction state machines share (RFC 3261 §17): timers and effects.

RFC 7118 runs over WebSocket, which is reliable: Timers A, E and G never run and D, I, J
and K are zero, so that only B, F, H and those of RFC 6026 (L, M) exist here.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Generic, TypeAlias, TypeVar

from sipcli.sip.message import Request, Response

T1: Final = 0.5
"""Round-trip estimate, in seconds (RFC 3261 §17.1.1.1)."""

TRANSACTION_TIMEOUT_S: Final = 64 * T1
"""Seconds that each of the timers runs."""


class TransactionTimer(Enum):
    """The timers that exist here; a state has one at most."""

    B = auto()
    """No response to an INVITE (RFC 3261 §17.1.1.2)."""
    F = auto()
    """No final response to another request (RFC 3261 §17.1.2.2, RFC 4320 §4.2)."""
    H = auto()
    """No ACK for a 300-699 to an INVITE (RFC 3261 §17.2.1)."""
    L = auto()
    """No more repetitions of an INVITE that got its 2xx (RFC 6026 §7.1)."""
    M = auto()
    """No more 2xx to an INVITE (RFC 6026 §7.2)."""


@dataclass(frozen=True, slots=True)
class Send:
    """Put this message on the wire."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand this message to the transaction's user."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Timer B, F or H fired: the far end did not respond."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Input without effect in this state; logged, so that nothing vanishes silently."""

    what: str


Effect: TypeAlias = Send | Deliver | TimedOut | Ignored

Deadlines: TypeAlias = dict[TransactionTimer, float]
"""Timer -> when it fires, in seconds on the caller's clock."""

State = TypeVar("State", bound=Enum)


class Machine(Generic[State]):
    """A state and the timer that belongs to it: entering a state sets exactly that."""

    __slots__ = ("deadlines", "state")

    def __init__(self, state: State, deadlines: Deadlines | None = None) -> None:
        self._enter(state, deadlines)

    def _enter(self, state: State, deadlines: Deadlines | None = None) -> None:
        """Change to `state`; `deadlines` has its timer, if any."""
        self.state = state
        self.deadlines = deadlines or {}
