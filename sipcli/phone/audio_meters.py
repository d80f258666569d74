"""Meters for the audio of a call, in both directions."""

from collections.abc import Callable
from dataclasses import dataclass

from sipcli.expect.thresholds import TONE_DOMINANT_DB
from sipcli.media.pcm import Pcm
from sipcli.media.quality.tone_meter import ToneMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The current measurement of one direction of a call."""

    tone_hz: float | None
    """The tone, in Hz, that stood out by 10 dB for at least half of what was audible in the last
    second; None if there was none."""
    level_dbfs: float
    """The level of the last second, in dBFS; -96 is digital silence."""
    audible_s: float
    """Seconds of audio above -50 dBFS since the answer."""


class AudioMeters:
    """A tap that measures both directions, and calls `on_frame` after each frame."""

    def __init__(self, on_frame: Callable[[], None]) -> None:
        self.sent = ToneMeter(TONE_DOMINANT_DB)
        self.received = ToneMeter(TONE_DOMINANT_DB)
        self._on_frame = on_frame

    def write(self, sent: Pcm, received: Pcm) -> None:
        """Measure a frame of each direction."""
        self.sent.add(sent)
        self.received.add(received)
        self._on_frame()

    def close(self) -> None:
        """Do nothing: the measurements stay available."""
