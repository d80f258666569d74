"""A tap on a call's sound that measures received tones."""

from sipcli.expect.thresholds import TONE_DOMINANT_DB, TONE_TOLERANCE
from sipcli.media.pcm import Pcm
from sipcli.media.quality.tone_meter import ToneMeter


class ToneTap:
    """Measures the tones in the received sound."""

    def __init__(self) -> None:
        self._tones = ToneMeter(TONE_DOMINANT_DB)

    def write(self, sent: Pcm, received: Pcm) -> None:
        """Take a frame of each direction; only the received one counts."""
        self._tones.add(received)

    def forget(self) -> None:
        """Start again: the sound so far was early media."""
        self._tones = ToneMeter(TONE_DOMINANT_DB)

    def seconds(self, frequency_hz: float) -> float:
        """Return for how many seconds that tone dominated."""
        return self._tones.seconds(frequency_hz, TONE_TOLERANCE)

    @property
    def strongest_hz(self) -> float | None:
        """The frequency, in Hz, that dominated longest; None if none did."""
        return self._tones.strongest_hz

    def close(self) -> None:
        """Keep the measurement: the verdict comes later."""
