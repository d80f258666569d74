"""What goes through a call just now, measured in both directions."""

from collections.abc import Callable
from dataclasses import dataclass

from sipcli.expect.expectations import TONE_DOMINANT_DB
from sipcli.media.pcm import Pcm
from sipcli.media.tone_meter import ToneMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One direction of a call as it is just now."""

    tone_hz: float | None
    """The tone, in Hz, that stood out by 10 dB for half or more of what was audible in the last
    second; None if none did."""
    level_dbfs: float
    """The level of the last second, in dB below full scale; -96 is digital silence."""
    audible_s: float
    """Seconds since the answer that were louder than -50 dBFS."""


class AudioMeters:
    """A tap that listens to both directions and says so after each frame."""

    def __init__(self, on_frame: Callable[[], None]) -> None:
        self.sent = ToneMeter(TONE_DOMINANT_DB)
        self.received = ToneMeter(TONE_DOMINANT_DB)
        self._on_frame = on_frame

    def put(self, sent: Pcm, received: Pcm) -> None:
        """Take a frame of each direction."""
        self.sent.put(sent)
        self.received.put(received)
        self._on_frame()

    def close(self) -> None:
        """Nothing: what was measured stays."""
