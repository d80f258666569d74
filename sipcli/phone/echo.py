"""An audio source and sink that sends back what it receives."""

from collections import deque
from typing import Final

from sipcli.media.pcm import FRAME, Pcm, silence

MAX_FRAMES: Final = 5
"""Frames kept between receiving and sending; the oldest is dropped first."""


class Echo:
    """Both the sink and the source of one call."""

    def __init__(self) -> None:
        self._frames: deque[Pcm] = deque(maxlen=MAX_FRAMES)

    def write(self, frame: Pcm) -> None:
        """Store a received frame."""
        self._frames.append(frame)

    def read(self) -> Pcm:
        """Return the oldest stored frame; silence if there is none."""
        return self._frames.popleft() if self._frames else silence(FRAME)

    def close(self) -> None:
        """Do nothing: no resource is held."""
