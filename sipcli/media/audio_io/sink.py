"""The interface of audio sinks, and a sink that discards everything."""

from typing import Protocol

from sipcli.media.pcm import Pcm


class AudioSink(Protocol):
    """Takes a stream of frames. `write` is called from one thread, every 20 ms."""

    def write(self, frame: Pcm) -> None:
        """Write the next frame, without modifying it. Never blocks, never raises."""

    def close(self) -> None:
        """Finish writing. May be called more than once."""


class NullSink:
    """Discards all sound."""

    def write(self, frame: Pcm) -> None:
        """Discard `frame`."""

    def close(self) -> None:
        """Do nothing."""
