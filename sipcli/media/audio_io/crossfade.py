"""Seams in a device's sound that are not heard as a click."""

from typing import Final

import numpy as np

from sipcli.media.pcm import Pcm

SEAM_S: Final = 0.005
"""Seconds in which one piece of sound passes into another."""


def blend(ending: Pcm, beginning: Pcm) -> Pcm:
    """One passes into the other, as short as the shorter of both.

    It makes no difference if channels are interleaved.
    """
    count = min(len(ending), len(beginning))
    rise = np.arange(1, count + 1, dtype=np.float32) / np.float32(count + 1)
    mixed = ending[:count] * (1 - rise) + beginning[:count] * rise
    return np.asarray(np.rint(mixed), np.int16)
