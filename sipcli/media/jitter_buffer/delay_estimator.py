"""Estimate how long to wait for packets, from their recent transit times.

A packet's transit time is its arrival less the position of its sound on the sender's timeline, in
seconds. The two clocks are unrelated: only differences between transit times mean something, and a
slow change of all of them is the drift of the clocks.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from math import inf
from typing import Final

WINDOW: Final = 600
"""Packets that are remembered, 12 s at 20 ms: the estimate rises quickly and falls slowly."""
PACKETS_PER_LATE: Final = 300
"""One packet in this many may be late."""
MARGIN_S: Final = 0.002
"""Seconds added to the latest transit time, for the jitter of our own clock."""
MAX_WAIT_S: Final = 0.240
"""Maximum seconds between the fastest packet and the latest that is waited for."""
LONG_WAIT_S: Final = 0.050
"""Beyond this wait, a share of the replacements for lost packets may be late. At 40±20 ms and 5 %
loss that saves 4 ms of 120 mouth to ear for 0.03 of PESQ-WB; often more, since the wait is a number
of whole frames."""
REPLACEMENTS_PER_LATE: Final = 6
"""Then one replacement in this many may be late."""
PACKETS_PER_LATE_REPLACEMENT: Final = 100
"""And one in this many packets, lost or not: with 20 % lost, a sixth would be 3 % of all."""
RESET_S: Final = 0.5
"""A packet that is later than all others by more than this resets the estimate."""


class DelayEstimator:
    """Estimates the necessary wait from the transit times of the last packets."""

    def __init__(self) -> None:
        self.wanted = 0.0
        """The transit time, in seconds, after which a packet is no longer waited for."""
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []
        self._replacements = _Replacements()

    @property
    def fastest(self) -> float:
        """The transit time of the fastest packet; 0 before the first packet."""
        return self._sorted[0] if self._sorted else 0.0

    @property
    def median(self) -> float:
        """The median transit time; 0 before the first packet."""
        return self._sorted[len(self._sorted) // 2] if self._sorted else 0.0

    def forget(self) -> None:
        """Forget all transit times: they no longer predict the next ones."""
        self._recent.clear()
        self._sorted.clear()
        self._replacements = _Replacements()

    def add(self, transit: float) -> None:
        """Add the transit time of a packet."""
        transits = self._sorted
        if transits and transit > transits[-1] + RESET_S:
            self.forget()
        if len(transits) == WINDOW:
            del transits[bisect_left(transits, self._recent.popleft())]
        self._recent.append(transit)
        insort(transits, transit)
        self._replacements.on_packet()
        self._update()

    def add_replacement(self, transit: float) -> None:
        """Add that of a replacement for a lost packet: FEC, a copy, or the sound after a gap."""
        if self._sorted:
            self._replacements.add(transit)
            self._update()

    def _update(self) -> None:
        transits = self._sorted
        latest = transits[-1 - len(transits) // PACKETS_PER_LATE]
        if self._replacements:
            long = transits[0] + LONG_WAIT_S
            latest = max(latest, self._replacements.latest(len(transits), long))
        self.wanted = min(latest, transits[0] + MAX_WAIT_S) + MARGIN_S


class _Replacements:
    """The transit times of the replacements for lost packets that are remembered."""

    def __init__(self) -> None:
        self._packets = 0
        self._recent: deque[tuple[int, float]] = deque()
        """Each with the number of packets before it."""
        self._sorted: list[float] = []
        self._latest = -inf
        """The transit time that is waited for at present."""

    def __bool__(self) -> bool:
        return bool(self._sorted)

    def add(self, transit: float) -> None:
        self._recent.append((self._packets, transit))
        insort(self._sorted, transit)

    def on_packet(self) -> None:
        """Count a packet, and forget what is too old."""
        self._packets += 1
        while self._recent and self._recent[0][0] <= self._packets - WINDOW:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft()[1])]

    def latest(self, packets: int, long: float) -> float:
        """Return the transit time to wait for, given the number of `packets` remembered.

        A wait is kept as long as any replacement is remembered: losses come and go, and a change
        of the delay costs more than one of them. Beyond the transit time `long`, delay costs more.
        """
        transits = self._sorted
        may_be_late = min(
            len(transits) // REPLACEMENTS_PER_LATE, packets // PACKETS_PER_LATE_REPLACEMENT
        )
        last = len(transits) - 1 - may_be_late
        wanted = len(transits) - 1 - packets // PACKETS_PER_LATE
        if wanted >= 0 and transits[wanted] > long:
            wanted = min(wanted, max(last, bisect_right(transits, long) - 1))
        latest = transits[wanted] if wanted >= 0 else -inf
        self._latest = max(latest, min(self._latest, transits[last]))
        return self._latest
