"""How long packets have been under way of late, and how long to wait for them.

A packet's transit is when it came less when its sound begins on the sender's timeline, in
seconds. The two clocks have nothing in common: only differences between transits mean
something, and a slow change of all of them is the clocks' drift.
"""

from bisect import bisect_left, insort
from collections import deque
from typing import Final

WINDOW: Final = 600
"""Packets that are remembered, 12 s at 20 ms: quick to rise, slow to fall."""
TOLERATED: Final = 300
"""Of so many packets one may be too late."""
MARGIN_S: Final = 0.002
"""What is waited beyond the latest packet, for the unrest of our own clock."""
LONGEST_WAIT_S: Final = 0.240
"""Between the quickest packet and the latest that is still waited for."""
UNHEARD_OF_S: Final = 0.5
"""Later than any before by more than this is a new state of things: what was is forgotten."""


class Delays:
    """The transits of the last packets."""

    def __init__(self) -> None:
        self.wanted = 0.0
        """The transit after which a packet is not waited for any more."""
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    @property
    def least(self) -> float:
        """The quickest packet's transit; 0 before the first packet."""
        return self._sorted[0] if self._sorted else 0.0

    @property
    def typical(self) -> float:
        """Half the packets were quicker; 0 before the first packet."""
        return self._sorted[len(self._sorted) // 2] if self._sorted else 0.0

    def forget(self) -> None:
        """What was is no guide to what comes."""
        self._recent.clear()
        self._sorted.clear()

    def add(self, transit: float) -> None:
        """Take note of a packet: of when it came, or of when what stands in for it came."""
        transits = self._sorted
        if transits and transit > transits[-1] + UNHEARD_OF_S:
            self.forget()
        if len(transits) == WINDOW:
            del transits[bisect_left(transits, self._recent.popleft())]
        self._recent.append(transit)
        insort(transits, transit)
        latest = transits[-1 - len(transits) // TOLERATED]
        self.wanted = min(latest, transits[0] + LONGEST_WAIT_S) + MARGIN_S
