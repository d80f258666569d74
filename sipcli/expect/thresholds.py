"""Thresholds of the expectations about sound and tones (contract §2)."""

from typing import Final

AUDIBLE_S: Final = 0.5
"""Seconds louder than `level.AUDIBLE_DBFS` that make a direction audible."""
STOPPED_S: Final = 2.0
"""Seconds without a packet at the end of a call after which its audio counts as stopped midway."""
SETTLING_S: Final = 0.5
"""Seconds that a call may need to settle. A call that lasts no longer than this plus the time that
an expectation takes is too short to blame either side."""
TONE_S: Final = 1.0
"""Seconds that a tone has to dominate."""
TONE_TOLERANCE: Final = 0.02
"""Allowed deviation, as a part of the tone's frequency, up and down."""
TONE_DOMINANT_DB: Final = 10.0
"""The tone's power over that of everything else, in dB."""
