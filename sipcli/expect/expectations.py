"""What a user may expect of a call (contract §2)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Audio: TypeAlias = Literal["received", "sent", "both"]

AUDIBLE_S: Final = 0.5
"""Seconds louder than `level.AUDIBLE_DBFS` that make a direction audible."""
STOPPED_S: Final = 2.0
"""Seconds without a packet at the end of a call by which its sound has stopped midway."""
SETTLING_S: Final = 0.5
"""Seconds that a call may need until it sounds as it will. One that lasts no longer than this and
what an expectation takes was too short to blame anybody."""
TONE_S: Final = 1.0
"""Seconds that a tone has to dominate."""
TONE_TOLERANCE: Final = 0.02
"""Of its frequency, each way."""
TONE_DOMINANT_DB: Final = 10.0
"""Its power over that of everything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """The expectations of one command; None where nothing is expected."""

    audio: Audio | None = None
    tone_hz: float | None = None
    dtmf: str | None = None
    """Exactly the digits to be received, in order; empty: none may come."""
    status: int | None = None
    """Of the final answer."""
    max_setup_ms: int | None = None
    """From the INVITE until media can flow."""
    min_mos: float | None = None
    max_loss_percent: float | None = None
