"""Adjust the playout delay: decide when to remove sound and when to insert some.

Sound is read in pieces (a quantum), and packets arrive at their own times. So the wait of a packet
can only change by whole quanta: to shorten it by one, a quantum of sound is removed, a pitch period
at a time, and the next packet is decoded one read earlier.
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
"""Seconds: a wait is shortened if it is too long by a quantum and this; else it might oscillate."""
_EARLY_PACKETS: Final = 25
"""Packets in a row that must all have waited too long: half a second."""
_VERY_EARLY_S: Final = 0.060
_VERY_EARLY_PACKETS: Final = 5
"""The same if the wait is too long by more than `_VERY_EARLY_S`."""
_MAX_CHANGE_S: Final = 0.5
"""Maximum change in seconds: the buffer holds no more."""
_SILENT_RMS: Final = 100.0
"""-50 dBFS: in silence no seam is audible."""
_MIN_CORRELATION: Final = 0.9
"""How similar the two sides of a seam must be, at first."""
_CORRELATION_STEP: Final = 0.03
"""How much less is required after each piece without such a seam."""
_REST: Final = FRAME
"""Samples played between two removals, so that speech is not rushed."""


class DelayControl:
    """Decides on changes of the delay, and applies them to the sound that is about to be played."""

    def __init__(self) -> None:
        self.inserted = 0
        """Samples inserted so far."""
        self.removed = 0
        """Samples removed so far."""
        self._plan = 0
        """Samples still to be inserted or, below 0, to be removed."""
        self._required = _MIN_CORRELATION
        self._unchanged = _REST
        self._restart()

    def _restart(self) -> None:
        self._seen = 0
        self._least_lead = inf
        self._least_held = RATE

    @property
    def pending(self) -> bool:
        """True if a change waits for sound that it can be applied to: see `apply`."""
        return self._plan != 0

    def observe(self, lead_s: float, held: int, quantum: int) -> None:
        """Process a packet that is due.

        `lead_s` is how much longer than necessary it waited, in seconds; below 0, others like it
        will be late. `held` is the number of decoded samples still to be played before it, and
        `quantum` the number of samples in a read.
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
            _VERY_EARLY_PACKETS if self._least_lead > _VERY_EARLY_S else _EARLY_PACKETS
        ):
            return
        quanta = max(0, int((self._least_lead - _SLACK_S) * RATE / quantum))
        self._begin(-(quanta * quantum + self._least_held))

    def apply(self, pcm: Pcm, quantum: int) -> Pcm:
        """Return the sound to be played next, shorter or longer if a good seam was found in it.

        Call it at each read while a change is pending, with all sound there is; it needs at least
        `NEEDED` samples to do anything.
        """
        self._unchanged += quantum
        if len(pcm) < NEEDED or (self._plan < 0 and self._unchanged <= _REST):
            return pcm
        max_lag = max(MIN_LAG, min(MAX_LAG, abs(self._plan)))
        if rms(pcm) < _SILENT_RMS:
            lag = max_lag
        else:
            lag, correlation = best_lag(pcm, MIN_LAG, max_lag)
            if correlation < self._required:
                self._required -= _CORRELATION_STEP
                return pcm
        self._unchanged = 0
        if self._plan < 0:
            self._carry_out(-lag)
            return shorten(pcm, lag)
        self._carry_out(lag)
        return lengthen(pcm, lag)

    def pause(self, samples: int) -> int:
        """Return how long a pause of `samples` should be, up to twice that.

        Without speech, a change is not audible.
        """
        change = max(-samples, min(samples, self._plan))
        self._carry_out(change)
        return samples + change

    def _begin(self, plan: int) -> None:
        """Plan a change, and start observing again."""
        self._plan = _worthwhile(plan)
        self._required = _MIN_CORRELATION
        self._unchanged = _REST
        self._restart()

    def _carry_out(self, change: int) -> None:
        if self._plan < 0:
            self.removed -= change
            self._plan = _worthwhile(min(0, self._plan - change))
        else:
            self.inserted += change
            self._plan = max(0, self._plan - change)


def _worthwhile(plan: int) -> int:
    """Return `plan`, or 0 if too little is left to be removed."""
    return 0 if -MIN_LAG < plan < 0 else plan
