"""A bad network as arithmetic: which datagrams get through, and when. Everything is seeded."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What a network does to datagrams, the same in both directions."""

    loss_percent: float = 0.0
    burst: float = 1.0
    """Mean length of the runs of lost datagrams (Gilbert's model); 1 for independent losses."""
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """The delay is spread evenly over so much to either side; the order stays."""

    def __str__(self) -> str:
        """As it stands in a table."""
        loss = f"{self.loss_percent:g} % loss" if self.loss_percent else ""
        if loss and self.burst > 1:
            loss += f" in bursts of {self.burst:g}"
        delay = f"{self.delay_ms:g} ms" if self.delay_ms else ""
        if self.jitter_ms:
            delay = f"{self.delay_ms:g}±{self.jitter_ms:g} ms"
        return ", ".join(filter(None, (loss, delay))) or "nothing"


CLEAN = Impairment()


class Lane:
    """One direction of a network. Times are seconds on any one clock."""

    def __init__(self, impairment: Impairment, seed: int) -> None:
        self.impairment = impairment
        """May be replaced at any time."""
        self.datagrams = 0
        """How many wanted to pass."""
        self.lost = 0
        self._random = random.Random(seed)
        self._is_bad = False
        self._last = 0.0

    def arrival(self, now: float) -> float | None:
        """When what is sent `now` arrives; None if it never does."""
        self.datagrams += 1
        if self._is_lost():
            self.lost += 1
            return None
        how = self.impairment
        delay_ms = how.delay_ms + self._random.uniform(-how.jitter_ms, how.jitter_ms)
        self._last = max(self._last, now + max(0.0, delay_ms) / 1000)
        return self._last

    def _is_lost(self) -> bool:
        share = self.impairment.loss_percent / 100
        if not share:
            return False
        end = 1 / self.impairment.burst
        begin = end * share / (1 - share) if self.impairment.burst > 1 else share
        stay = 1 - end if self.impairment.burst > 1 else share
        self._is_bad = self._random.random() < (stay if self._is_bad else begin)
        return self._is_bad
