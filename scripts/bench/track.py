"""One side of a conversation as it was at one end: its sound, and when."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Track:
    """Frames of 20 ms and the moment at which the first sample of each sounded, in seconds.

    For what is spoken that is 20 ms before the frame was handed over, since a microphone must
    have heard the last sample of it by then; for what is heard, when it was handed over.
    """

    pcm: Pcm
    begins: Times

    def at(self, sample: int) -> float:
        """When a sample sounded."""
        frame = min(sample // FRAME, len(self.begins) - 1)
        return float(self.begins[frame]) + (sample - frame * FRAME) / RATE

    def sample(self, moment: float) -> int:
        """The sample that sounded at a moment, about; may be outside of the track."""
        frame = max(0, int(np.searchsorted(self.begins, moment, side="right")) - 1)
        return frame * FRAME + round((moment - float(self.begins[frame])) * RATE)

    def save(self, path: Path) -> None:
        """Write it down for another process."""
        np.savez(path, pcm=self.pcm, begins=self.begins)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` has written."""
        with np.load(path) as stored:
            return cls(stored["pcm"], stored["begins"])


class Log:
    """Makes a track of frames as they come."""

    def __init__(self) -> None:
        self._frames: list[Pcm] = []
        self._begins: list[float] = []

    def put(self, frame: Pcm, begin: float) -> None:
        """Add a frame, and when its first sample sounded."""
        self._frames.append(frame)
        self._begins.append(begin)

    def track(self) -> Track:
        """All of it so far."""
        pcm = np.concatenate(self._frames) if self._frames else np.zeros(0, np.int16)
        return Track(pcm, np.array(self._begins))


def steady(pcm: Pcm, begin: float) -> Track:
    """A track without a break in time: `pcm` from the moment `begin` on."""
    whole = len(pcm) // FRAME
    return Track(pcm[: whole * FRAME], np.asarray(begin + np.arange(whole) * FRAME_S, np.float64))
