"""Control the latency between a device and a call: how much time a frame has to spare.

A microphone frame has had spare time since its last block arrived; a loudspeaker frame has it
until its first block is taken. Callbacks are sometimes late, and so are the call's ticks: the
spare time must cover that, and anything beyond it is delay. So the target follows the recent
lateness: quick to rise, slow to fall.
"""

from collections import deque
from typing import Final

from sipcli.media.audio_io.rings import BLOCK_S

_START_S: Final = 0.010
"""Unrest that is reckoned with before any was seen, in seconds."""
_MARGIN_S: Final = 0.002
_MARGIN: Final = 0.25
"""What is spared beyond the worst, for what is a little worse still: seconds, and a part of it."""
_FAR_S: Final = 0.03
"""Unrest beyond this is a standstill: no reserve lasts for that, and none is kept."""
_SECOND: Final = 50
"""Frames."""
_WINDOW: Final = 20
"""Seconds for which the unrest of one is remembered."""
_FOLLOW: Final = 0.2
_STEP_S: Final = 0.0005
"""What is usual follows each frame by a part of the difference, and at most so much."""
_RISE: Final = 0.05
_MAX_RISE_S: Final = 0.0005
_FALL: Final = 0.01
_MAX_FALL_S: Final = 0.0001
"""The part of an error that the next frame makes good, and the most, in seconds: a lack is made
good within half a second, too much within some; the far end hears nothing of either."""
_EXCESS_FRAMES: Final = 2 * _SECOND
"""Frames that must all have had a block too much before one is left out."""


class LatencyControl:
    """Tracks the spare time of each frame, in seconds, and how to correct it."""

    def __init__(self) -> None:
        self._usual: float | None = None
        self._unrest = _START_S
        self._worst = 0.0
        self._seconds = deque((_START_S,), maxlen=_WINDOW)
        self._frames = 0
        self._far = 0
        self._rich = 0

    @property
    def is_new(self) -> bool:
        """True before the first frame, and before the first one after a standstill."""
        return self._usual is None

    @property
    def wanted(self) -> float:
        """The target of the usual spare time."""
        return self._unrest * (1 + _MARGIN) + _MARGIN_S

    @property
    def error(self) -> float:
        """The usual spare time beyond the target."""
        return 0.0 if self._usual is None else self._usual - self.wanted

    @property
    def pace(self) -> float:
        """Seconds by which the spare time should change until the next frame; below 0 for less."""
        error = self.error
        if error < 0:
            return min(_MAX_RISE_S, -error * _RISE)
        return -min(_MAX_FALL_S, error * _FALL)

    def observe(self, spare: float) -> int:
        """Add a frame; returns how many blocks are too many, mostly none.

        A caller that drops some or all of them reports it with `gained`.
        """
        if self._usual is None:
            self._usual = spare
        off = spare - self._usual
        if abs(off) > _FAR_S:
            self._far += 1
            if self._far < _SECOND:
                return 0
            self._usual, off = spare, 0.0  # it is no exception, but how things are now
        self._far = 0
        self._note(-off)
        self._usual += max(-_STEP_S, min(_STEP_S, off * _FOLLOW))
        return self._too_many()

    def missed(self, spare: float) -> float:
        """Take note of a frame that came to nothing, as it had no time to spare (`spare` <= 0).

        Returns the time it should be given, so that those after it have what is wanted.
        """
        self.observe(spare)
        if self._usual is None or abs(spare - self._usual) > _FAR_S:
            self._usual = None
            return self.wanted
        return max(_MARGIN_S, spare - self.error)

    def gained(self, seconds: float) -> None:
        """Report that from now on each frame has this much more spare time, or less."""
        if self._usual is not None:
            self._usual += seconds

    def _note(self, unrest: float) -> None:
        self._worst = max(self._worst, unrest)
        self._unrest = max(self._unrest, unrest)
        self._frames += 1
        if self._frames == _SECOND:
            self._seconds.append(self._worst)
            self._unrest = max(self._seconds)
            self._worst, self._frames = 0.0, 0

    def _too_many(self) -> int:
        error = self.error
        if error <= BLOCK_S:
            self._rich = 0
            return 0
        self._rich += 1
        if self._rich < _EXCESS_FRAMES and error <= _FAR_S:
            return 0
        return int(error / BLOCK_S)
