"""Base of the four transaction state machines (RFC 3261 §17): states own their timers.

RFC 7118 runs over WebSocket, which is reliable: Timers A, E and G never run and D, I, J
and K are zero, so that only B, F, H and those of RFC 6026 (L, M) exist here.
"""

from enum import Enum
from typing import Final, Generic, TypeVar

T1: Final = 0.5
"""Round-trip estimate, in seconds (RFC 3261 §17.1.1.1)."""

LIFETIME: Final = 64 * T1
"""Seconds that Timers B, F, H, L and M run."""

State = TypeVar("State", bound=Enum)


class Machine(Generic[State]):
    """A state and the timers that belong to it: entering a state sets exactly those it names."""

    __slots__ = ("deadlines", "state")

    def __init__(self, state: State, **deadlines: float) -> None:
        self._enter(state, **deadlines)

    def _enter(self, state: State, **deadlines: float) -> None:
        """Change to `state`; `deadlines` maps timer letters to seconds on the caller's clock."""
        self.state = state
        self.deadlines = deadlines
