"""Schedule retransmissions of responses that are not acknowledged yet.

The 2xx to INVITE (RFC 3261 §13.3.1.4) and reliable provisional responses (RFC 3262 §3) are
repeated by their user, end to end, whatever the transport.
"""

from enum import Enum, auto
from typing import Final

from sipcli.core.transactions.transaction import LIFETIME, T1

T2: Final = 4.0
"""Longest wait between two 2xx, in seconds (RFC 3261 §17.1.2.2)."""


class Due(Enum):
    """The action that is due."""

    NOTHING = auto()
    AGAIN = auto()
    GIVE_UP = auto()


class Retransmit:
    """Waits of T1 seconds, doubled each time up to `longest`, for 64 * T1 in all."""

    def __init__(self, longest: float, now: float) -> None:
        self._longest = longest
        self._interval = T1
        self._next = now + T1
        self._end = now + LIFETIME

    def deadline(self) -> float:
        """When to call `due` next, in seconds on the caller's clock."""
        return min(self._next, self._end)

    def due(self, now: float) -> Due:
        """Return what is due at `now`, and schedule what comes after it."""
        if now >= self._end:
            return Due.GIVE_UP
        if now < self._next:
            return Due.NOTHING
        self._interval = min(2 * self._interval, self._longest)
        self._next = now + self._interval
        return Due.AGAIN
