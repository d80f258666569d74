"""Control the latency between a device and a call: how much time a frame has to spare.

The spare time of a microphone frame began when its last block arrived; that of a loudspeaker frame
ends when its first block is taken. Callbacks are sometimes late, and so are the call's ticks: the
spare time must cover that, and anything more is delay. So the target follows the recent lateness:
it rises quickly and falls slowly.
"""

from collections import deque
from typing import Final

from sipcli.media.audio_io.rings import BLOCK_S

_INITIAL_JITTER_S: Final = 0.010
"""The jitter assumed at the start, in seconds."""
_MARGIN_S: Final = 0.002
_MARGIN: Final = 0.25
"""The margin beyond the worst jitter: seconds, and a share of it."""
_STANDSTILL_S: Final = 0.03
"""Seconds: greater jitter is a standstill, which no spare time is kept for."""
_SECOND: Final = 50
"""Frames in a second."""
_WINDOW: Final = 20
"""Seconds for which the jitter is remembered."""
_SMOOTHING: Final = 0.2
_MAX_STEP_S: Final = 0.0005
"""The mean spare time follows each frame by this share of the difference, and at most by this."""
_RISE: Final = 0.05
_MAX_RISE_S: Final = 0.0005
_FALL: Final = 0.01
_MAX_FALL_S: Final = 0.0001
"""The share of an error that is corrected with the next frame, and the maximum, in seconds: a lack
is corrected within half a second, an excess within a few seconds; neither is audible."""
_EXCESS_FRAMES: Final = 2 * _SECOND
"""Frames that must all have had a block too many before one is dropped."""


class LatencyControl:
    """Tracks the spare time of each frame, in seconds, and how to correct it."""

    def __init__(self) -> None:
        self._mean: float | None = None
        self._jitter = _INITIAL_JITTER_S
        self._worst = 0.0
        self._seconds = deque((_INITIAL_JITTER_S,), maxlen=_WINDOW)
        self._frames = 0
        self._far_frames = 0
        self._excess_frames = 0

    @property
    def is_new(self) -> bool:
        """True before the first frame, and before the first one after a standstill."""
        return self._mean is None

    @property
    def wanted(self) -> float:
        """The target of the mean spare time."""
        return self._jitter * (1 + _MARGIN) + _MARGIN_S

    @property
    def error(self) -> float:
        """The mean spare time beyond the target."""
        return 0.0 if self._mean is None else self._mean - self.wanted

    @property
    def pace(self) -> float:
        """Seconds by which the spare time should change with the next frame; negative for less."""
        error = self.error
        if error < 0:
            return min(_MAX_RISE_S, -error * _RISE)
        return -min(_MAX_FALL_S, error * _FALL)

    def observe(self, spare: float) -> int:
        """Add the spare time of a frame; return how many blocks are too many, usually none.

        A caller that drops any of them reports it with `gained`.
        """
        if self._mean is None:
            self._mean = spare
        off = spare - self._mean
        if abs(off) > _STANDSTILL_S:
            self._far_frames += 1
            if self._far_frames < _SECOND:
                return 0
            self._mean, off = spare, 0.0  # not an exception, but the new normal
        self._far_frames = 0
        self._add_jitter(-off)
        self._mean += max(-_MAX_STEP_S, min(_MAX_STEP_S, off * _SMOOTHING))
        return self._too_many()

    def missed(self, spare: float) -> float:
        """Add a frame that was missed because it had no spare time (`spare` <= 0).

        Return the spare time it should get, so that those after it have the target.
        """
        self.observe(spare)
        if self._mean is None or abs(spare - self._mean) > _STANDSTILL_S:
            self._mean = None
            return self.wanted
        return max(_MARGIN_S, spare - self.error)

    def gained(self, seconds: float) -> None:
        """Report that from now on each frame has this much more spare time; negative for less."""
        if self._mean is not None:
            self._mean += seconds

    def _add_jitter(self, jitter: float) -> None:
        self._worst = max(self._worst, jitter)
        self._jitter = max(self._jitter, jitter)
        self._frames += 1
        if self._frames == _SECOND:
            self._seconds.append(self._worst)
            self._jitter = max(self._seconds)
            self._worst, self._frames = 0.0, 0

    def _too_many(self) -> int:
        error = self.error
        if error <= BLOCK_S:
            self._excess_frames = 0
            return 0
        self._excess_frames += 1
        if self._excess_frames < _EXCESS_FRAMES and error <= _STANDSTILL_S:
            return 0
        return int(error / BLOCK_S)
