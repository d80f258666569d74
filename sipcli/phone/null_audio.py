"""The null audio of a call that is not answered yet."""

from sipcli.media.pcm import FRAME, Pcm, silence


class NullAudio:
    """A source of silence, and a sink that drops every frame."""

    def read(self) -> Pcm:
        """Return a frame of silence."""
        return silence(FRAME)

    def write(self, frame: Pcm) -> None:
        """Drop it."""
