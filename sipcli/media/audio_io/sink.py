"""What every sink of sound is, and the one that goes nowhere."""

from typing import Protocol

from sipcli.media.pcm import Pcm


class AudioSink(Protocol):
    """Takes a stream of frames. `write` is called from one thread, every 20 ms."""

    def write(self, frame: Pcm) -> None:
        """Take the next frame, and leave it unchanged. Never waits, never raises."""

    def close(self) -> None:
        """Finish: what was written is safe afterwards. More than once does no harm."""


class NullSink:
    """Nowhere."""

    def write(self, frame: Pcm) -> None:
        """Forget `frame`."""

    def close(self) -> None:
        """Nothing is held."""
