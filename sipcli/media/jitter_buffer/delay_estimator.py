"""Estimate how long to wait for packets, from their recent transit times.

A packet's transit is when it came less when its sound begins on the sender's timeline, in
seconds. The two clocks have nothing in common: only differences between transits mean
something, and a slow change of all of them is the clocks' drift.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from math import inf
from typing import Final

WINDOW: Final = 600
"""Packets that are remembered, 12 s at 20 ms: quick to rise, slow to fall."""
TOLERATED: Final = 300
"""Of so many packets one may be too late."""
MARGIN_S: Final = 0.002
"""What is waited beyond the latest packet, for the unrest of our own clock."""
MAX_WAIT_S: Final = 0.240
"""Between the quickest packet and the latest that is still waited for."""
LONG_WAIT_S: Final = 0.050
"""To wait longer than this for what stands in for lost packets is only worth it for most of it.
At 40±20 ms and 5 % loss that saves 4 ms of 120 from mouth to ear for 0.03 of PESQ-WB; often more,
since the wait is one of whole frames."""
DISPENSABLE: Final = 6
"""Of so many that stand in for lost packets one may be too late, then."""
DISPENSABLE_OF_ALL: Final = 100
"""And of so many packets, lost or not, one at most: of 20 % lost, a sixth would be 3 % of all."""
UNHEARD_OF_S: Final = 0.5
"""Later than any before by more than this is a new state of things: what was is forgotten."""


class DelayEstimator:
    """The transits of the last packets."""

    def __init__(self) -> None:
        self.wanted = 0.0
        """The transit after which a packet is not waited for any more."""
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []
        self._stand_ins = _StandIns()

    @property
    def least(self) -> float:
        """The quickest packet's transit; 0 before the first packet."""
        return self._sorted[0] if self._sorted else 0.0

    @property
    def typical(self) -> float:
        """Half the packets were quicker; 0 before the first packet."""
        return self._sorted[len(self._sorted) // 2] if self._sorted else 0.0

    def forget(self) -> None:
        """Forget all transits: they no longer predict the next ones."""
        self._recent.clear()
        self._sorted.clear()
        self._stand_ins = _StandIns()

    def add(self, transit: float) -> None:
        """Take note of a packet, of when it came."""
        transits = self._sorted
        if transits and transit > transits[-1] + UNHEARD_OF_S:
            self.forget()
        if len(transits) == WINDOW:
            del transits[bisect_left(transits, self._recent.popleft())]
        self._recent.append(transit)
        insort(transits, transit)
        self._stand_ins.grow_older()
        self._weigh()

    def add_stand_in(self, transit: float) -> None:
        """Take note of what came in place of a packet that was lost: it may be of use again."""
        if self._sorted:
            self._stand_ins.add(transit)
            self._weigh()

    def _weigh(self) -> None:
        transits = self._sorted
        latest = transits[-1 - len(transits) // TOLERATED]
        if self._stand_ins:
            long = transits[0] + LONG_WAIT_S
            latest = max(latest, self._stand_ins.latest(len(transits), long))
        self.wanted = min(latest, transits[0] + MAX_WAIT_S) + MARGIN_S


class _StandIns:
    """The transits of what came in place of lost packets, as far as they are remembered."""

    def __init__(self) -> None:
        self._packets = 0
        self._recent: deque[tuple[int, float]] = deque()
        """With how many packets there had been."""
        self._sorted: list[float] = []
        self._latest = -inf
        """What is waited for at present."""

    def __bool__(self) -> bool:
        return bool(self._sorted)

    def add(self, transit: float) -> None:
        self._recent.append((self._packets, transit))
        insort(self._sorted, transit)

    def grow_older(self) -> None:
        """A packet has come."""
        self._packets += 1
        while self._recent and self._recent[0][0] <= self._packets - WINDOW:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft()[1])]

    def latest(self, packets: int, long: float) -> float:
        """The latest that is waited for, once more have been later than `packets` allow.

        It is waited for as long as any are remembered: losses come and go, and a change of the
        delay costs more than one of them. But beyond the transit `long`, delay is worth more.
        """
        transits = self._sorted
        dispensable = min(len(transits) // DISPENSABLE, packets // DISPENSABLE_OF_ALL)
        most = len(transits) - 1 - dispensable
        wanted = len(transits) - 1 - packets // TOLERATED
        if wanted >= 0 and transits[wanted] > long:
            wanted = min(wanted, max(most, bisect_right(transits, long) - 1))
        latest = transits[wanted] if wanted >= 0 else -inf
        self._latest = max(latest, min(self._latest, transits[most]))
        return self._latest
