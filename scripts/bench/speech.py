"""Real speech: recordings of a Debian package, as frames of 48 kHz."""

from functools import cache
from pathlib import Path
from typing import Final

import av
import numpy as np

from sipcli.media.pcm import RATE, Pcm

PACKAGE: Final = "asterisk-core-sounds-en-g722"
FOLDER: Final = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
INSTALL: Final = f"the recordings are missing: apt-get install {PACKAGE}"
SEGMENT_S: Final = 8
"""What one score is given for, in seconds."""
_PAUSE_S: Final = 0.4
"""Silence at either end of a segment."""
WARM_UP: Final = ("conf-adminmenu-18", "vm-options")
"""What is said while both ends still learn what the network is like."""
PROMPTS: Final = (
    "demo-instruct",
    "priv-callee-options",
    "demo-congrats",
    "basic-pbx-ivr-main",
    "demo-echotest",
    "demo-abouttotry",
)
"""What is scored, a segment each."""


def installed() -> bool:
    """Whether the recordings are there."""
    return FOLDER.is_dir()


@cache
def segment(prompt: str) -> Pcm:
    """Eight seconds of a prompt, from its first word on, silence at both ends."""
    spoken = _decoded(FOLDER / f"{prompt}.g722")
    loud = np.flatnonzero(np.abs(spoken.astype(np.int32)) > 500)
    pause = int(_PAUSE_S * RATE)
    room = SEGMENT_S * RATE - 2 * pause
    words = spoken[loud[0] if len(loud) else 0 :][:room]
    return np.pad(words, (pause, SEGMENT_S * RATE - pause - len(words)))


def speech(prompts: tuple[str, ...]) -> Pcm:
    """The segments of these prompts, one after another."""
    return np.concatenate([segment(prompt) for prompt in prompts])


def _decoded(path: Path) -> Pcm:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces: list[Pcm] = []
    with av.open(str(path), format="g722") as container:
        for frame in container.decode(audio=0):
            pieces += [each.to_ndarray()[0] for each in resampler.resample(frame)]
    pieces += [each.to_ndarray()[0] for each in resampler.resample(None)]
    return np.concatenate(pieces)
