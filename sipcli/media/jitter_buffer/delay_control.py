"""Adjust the playout delay: decide when to remove sound and when to insert some.

Sound is asked for in pieces (a quantum), packets come at their own times. What a packet waits
before its turn can only change by whole quanta: to shorten it by one, a quantum of sound is
left out, a pitch period at a time, and the packet after that is taken one turn earlier.
"""

from math import ceil, inf
from typing import Final

from sipcli.media.jitter_buffer.time_scale import (
    MAX_LAG,
    MIN_LAG,
    NEEDED,
    best_lag,
    lengthen,
    shorten,
)
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.quality.level import rms

_SLACK_S: Final = 0.003
"""A wait that is too long by a quantum and this is shortened; by less, it might come back."""
_EARLY_PACKETS: Final = 25
"""Packets that must all have waited too long: half a second of them."""
_LONG_S: Final = 0.060
_VERY_EARLY_PACKETS: Final = 5
"""Fewer packets will do where the wait is too long by more than `_LONG_S`."""
_MAX_CHANGE_S: Final = 0.5
"""No change is larger, whatever the packets' times say: so much can wait, and no more."""
_SILENT_RMS: Final = 100.0
"""-50 dBFS: no seam is heard in what is not heard."""
_STRICT: Final = 0.9
_LENIENCE: Final = 0.03
"""How alike the two sides of a seam must be, and how much less for each piece that has none."""
_REST: Final = FRAME
"""Samples that are played between two seams where sound is left out: speech is not rushed."""


class DelayControl:
    """Decides on changes of the delay, and makes them in the sound that is about to be played."""

    def __init__(self) -> None:
        self.inserted = 0
        """Samples put in so far."""
        self.removed = 0
        """Samples left out so far."""
        self._plan = 0
        """Samples still to be put in, or, below 0, to be left out."""
        self._demand = _STRICT
        self._unchanged = _REST
        self._look_anew()

    def _look_anew(self) -> None:
        self._seen = 0
        self._least_lead = inf
        self._least_held = RATE

    @property
    def pending(self) -> bool:
        """Whether a change is waiting for sound that it can be made in: see `apply`."""
        return self._plan != 0

    def observe(self, lead_s: float, held: int, quantum: int) -> None:
        """Take note of a packet whose turn has come.

        `lead_s`: how much longer it waited than it had to, in seconds; below 0, others like it
        will come too late. `held`: decoded samples that are still to be played before it.
        """
        lead_s = max(-_MAX_CHANGE_S, min(_MAX_CHANGE_S, lead_s))
        self._seen += 1
        self._least_lead = min(self._least_lead, lead_s)
        self._least_held = min(self._least_held, held)
        if lead_s < 0:
            if self._plan <= 0:
                quanta = ceil(-lead_s * RATE / quantum)
                self._begin(quanta * quantum - held % quantum)
            return
        if self._plan or self._seen < (
            _VERY_EARLY_PACKETS if self._least_lead > _LONG_S else _EARLY_PACKETS
        ):
            return
        quanta = max(0, int((self._least_lead - _SLACK_S) * RATE / quantum))
        self._begin(-(quanta * quantum + self._least_held))

    def apply(self, pcm: Pcm, quantum: int) -> Pcm:
        """The sound to be played next, a little shorter or longer if a seam can be made in it.

        To be called, while a change is pending, with what is there each time that a quantum is
        asked for; with less than `NEEDED` samples nothing can be done.
        """
        self._unchanged += quantum
        if len(pcm) < NEEDED or (self._plan < 0 and self._unchanged <= _REST):
            return pcm
        most = max(MIN_LAG, min(MAX_LAG, abs(self._plan)))
        if rms(pcm) < _SILENT_RMS:
            lag = most
        else:
            lag, alike = best_lag(pcm, MIN_LAG, most)
            if alike < self._demand:
                self._demand -= _LENIENCE
                return pcm
        self._unchanged = 0
        if self._plan < 0:
            self._carry_out(-lag)
            return shorten(pcm, lag)
        self._carry_out(lag)
        return lengthen(pcm, lag)

    def pause(self, samples: int) -> int:
        """Return how long to make a pause of `samples`, up to twice that: a change is not audible
        without speech."""
        change = max(-samples, min(samples, self._plan))
        self._carry_out(change)
        return samples + change

    def _begin(self, plan: int) -> None:
        """Plan a change, and look at packets anew."""
        self._plan = _worthwhile(plan)
        self._demand = _STRICT
        self._unchanged = _REST
        self._look_anew()

    def _carry_out(self, change: int) -> None:
        if self._plan < 0:
            self.removed -= change
            self._plan = _worthwhile(min(0, self._plan - change))
        else:
            self.inserted += change
            self._plan = max(0, self._plan - change)


def _worthwhile(plan: int) -> int:
    """What is left to be left out, unless it is too little for a seam."""
    return 0 if -MIN_LAG < plan < 0 else plan
