"""A tap on a call's sound that measures the tones received."""

from sipcli.expect.expectations import TONE_DOMINANT_DB, TONE_TOLERANCE
from sipcli.media.pcm import Pcm
from sipcli.media.tone_meter import ToneMeter


class ToneTap:
    """Listens to what is received."""

    def __init__(self) -> None:
        self._tones = ToneMeter(TONE_DOMINANT_DB)

    def put(self, sent: Pcm, received: Pcm) -> None:
        """Take a frame of each direction."""
        self._tones.put(received)

    def forget(self) -> None:
        """Begin anew: what was heard so far was early media."""
        self._tones = ToneMeter(TONE_DOMINANT_DB)

    def seconds(self, frequency_hz: float) -> float:
        """For how long that tone dominated."""
        return self._tones.seconds(frequency_hz, TONE_TOLERANCE)

    @property
    def strongest_hz(self) -> float | None:
        """The frequency that dominated longest; None if none did."""
        return self._tones.strongest_hz

    def close(self) -> None:
        """Nothing: what was heard is kept for the verdict."""
