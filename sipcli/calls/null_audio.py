"""No sound: what a call has before it is answered."""

from sipcli.media.pcm import FRAME, Pcm, silence


class NullAudio:
    """A source of silence and a sink that drops what it gets."""

    def read(self) -> Pcm:
        """A frame of silence."""
        return silence(FRAME)

    def write(self, frame: Pcm) -> None:
        """Drop it."""
