"""How much time sound has to spare between a device and a call, and how much it should have.

A frame from the microphone has had time to spare since its last block came; one for the
loudspeaker has it until its first block is taken. Callbacks come late now and then, and so do
the call's ticks: what is spare must last for that, and all beyond is delay. So what went wrong
of late is what is reckoned with: quick to rise, slow to fall.
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
    """What each frame had to spare, in seconds, and what comes of it."""

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
        """Whether no frame has come or gone yet, or none since a standstill."""
        return self._usual is None

    @property
    def wanted(self) -> float:
        """What a frame should have to spare, usually."""
        return self._unrest * (1 + _MARGIN) + _MARGIN_S

    @property
    def error(self) -> float:
        """What a frame usually has to spare beyond what is wanted."""
        return 0.0 if self._usual is None else self._usual - self.wanted

    @property
    def pace(self) -> float:
        """Seconds by which what is spare should change until the next frame: less is below 0."""
        error = self.error
        if error < 0:
            return min(_MAX_RISE_S, -error * _RISE)
        return -min(_MAX_FALL_S, error * _FALL)

    def put(self, spare: float) -> int:
        """Take note of a frame; returns how many blocks are too many, mostly none.

        Who leaves them out, some or all, says so by `gained`.
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
        self.put(spare)
        if self._usual is None or abs(spare - self._usual) > _FAR_S:
            self._usual = None
            return self.wanted
        return max(_MARGIN_S, spare - self.error)

    def gained(self, seconds: float) -> None:
        """Take note that from now on each frame has so much more time to spare, or less."""
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
