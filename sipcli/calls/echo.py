"""A call that hears itself: what comes in goes out again."""

from collections import deque
from typing import Final

from sipcli.media.pcm import FRAME, Pcm, silence

MAX_FRAMES: Final = 5
"""Frames kept between hearing and saying; what is more is dropped, the oldest first."""


class Echo:
    """The sink and the source of one call at once."""

    def __init__(self) -> None:
        self._frames: deque[Pcm] = deque(maxlen=MAX_FRAMES)

    def write(self, frame: Pcm) -> None:
        """Hear a frame."""
        self._frames.append(frame)

    def read(self) -> Pcm:
        """Say the oldest frame heard; silence where there is none."""
        return self._frames.popleft() if self._frames else silence(FRAME)

    def close(self) -> None:
        """Nothing is held."""
