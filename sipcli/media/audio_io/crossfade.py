"""Crossfade pieces of sound, to avoid clicks."""

from typing import Final

import numpy as np

from sipcli.media.pcm import Pcm

SEAM_S: Final = 0.005
"""Length of a crossfade, in seconds."""


def blend(ending: Pcm, beginning: Pcm) -> Pcm:
    """Crossfade from one to the other; the result is as long as the shorter one.

    Works with interleaved channels, too.
    """
    count = min(len(ending), len(beginning))
    rise = np.arange(1, count + 1, dtype=np.float32) / np.float32(count + 1)
    mixed = ending[:count] * (1 - rise) + beginning[:count] * rise
    return np.asarray(np.rint(mixed), np.int16)
