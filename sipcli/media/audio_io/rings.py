"""Ring buffers between PortAudio's callback and the loop: without locks or allocation.

Only one side changes each counter, and only after it has copied the samples. Counters count
samples of the device, all channels, since the stream began.
"""

from time import perf_counter
from typing import Any, Final

import numpy as np

from sipcli.media.pcm import Pcm

SECONDS: Final = 1
"""Of sound that a ring holds."""
BLOCK_S: Final = 0.01
"""Seconds in a block of the callback. What is shorter costs more; 20 ms doubles the delay."""
_REMEMBERED: Final = 128
"""Blocks whose moments are kept: longer than sound stays in a ring."""


class Ring:
    """Samples as the device has them: `channels` interleaved, `rate` Hz."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate = rate
        self.channels = channels
        self.size = SECONDS * rate * channels
        self.block = round(BLOCK_S * rate) * channels
        """Samples in a block, of all channels."""
        self.moved = 0
        """Samples that the callback has put in or taken out so far; its own counter."""
        self.moved_at = 0.0
        """When the last callback came, in seconds of `perf_counter`."""
        self.xruns = 0
        """Times that PortAudio told of lost or missing samples; the callback's own too."""
        self._samples = np.zeros(self.size, np.int16)
        self._moments = [0.0] * _REMEMBERED

    def seconds(self, samples: int) -> float:
        """How long `samples` of all channels last."""
        return samples / (self.rate * self.channels)

    def reached(self, now: float) -> float:
        """Return the device's own clock at `now`: seconds of sound since the stream began.

        Callbacks come in blocks; the time since the last one is added.
        """
        return self.seconds(self.moved) + now - self.moved_at

    def moment(self, position: int) -> float:
        """When the callback came that moved the sample at `position`, in the last second."""
        return self._moments[position // self.block % _REMEMBERED]

    def _count(self, samples: int) -> None:
        """Take note of a callback; the last thing that one does."""
        now = perf_counter()
        self._moments[self.moved // self.block % _REMEMBERED] = now
        self.moved_at = now
        self.moved += samples

    def _parts(self, position: int, count: int) -> tuple[slice, slice, int]:
        """Where `count` samples from `position` on lie: two stretches, and the first's length."""
        start = position % self.size
        first = min(count, self.size - start)
        return slice(start, start + first), slice(0, count - first), first


class CaptureRing(Ring):
    """Written by the microphone's callback, read by any number of readers in the loop."""

    def callback(self, data: Any, _frames: int, _time: object, flags: object) -> None:
        """Copy what was captured (called by PortAudio, in its thread)."""
        block = np.frombuffer(data, np.int16)
        one, two, first = self._parts(self.moved, len(block))
        self._samples[one] = block[:first]
        self._samples[two] = block[first:]
        self._count(len(block))
        if flags:
            self.xruns += 1

    def read(self, position: int, count: int) -> Pcm:
        """A copy of `count` samples from `position` on, which must be there."""
        one, two, first = self._parts(position, count)
        taken = np.empty(count, np.int16)
        taken[:first] = self._samples[one]
        taken[first:] = self._samples[two]
        return taken


class PlaybackRing(Ring):
    """Emptied by the loudspeaker's callback; what its writers in the loop put in is mixed."""

    def __init__(self, rate: int, channels: int) -> None:
        super().__init__(rate, channels)
        self._played = np.zeros(self.size, np.int16)

    def callback(self, data: Any, _frames: int, _time: object, flags: object) -> None:
        """Copy what is to be played, and leave silence behind (called by PortAudio)."""
        block = np.frombuffer(data, np.int16)
        one, two, first = self._parts(self.moved, len(block))
        block[:first] = self._samples[one]
        block[first:] = self._samples[two]
        self._played[one] = block[:first]
        self._played[two] = block[first:]
        self._samples[one] = 0
        self._samples[two] = 0
        self._count(len(block))
        if flags:
            self.xruns += 1

    def played(self, position: int, count: int) -> Pcm:
        """What the device plays from `position` on; what it has not taken yet as it is by now.

        `position` must not be further back than the ring reaches.
        """
        heard = np.empty(count, np.int16)
        one, two, first = self._parts(position, count)
        heard[:first] = self._samples[one]
        heard[first:] = self._samples[two]
        # This second: what the callback takes and wipes out meanwhile is then among these.
        done = max(0, min(count, self.moved - position))
        one, two, first = self._parts(position, done)
        heard[:first] = self._played[one]
        heard[first:done] = self._played[two]
        return heard

    def mix(self, position: int, pcm: Pcm) -> None:
        """Add `pcm` to what is there from `position` on; what is too loud is clipped."""
        one, two, first = self._parts(position, len(pcm))
        for part, more in ((one, pcm[:first]), (two, pcm[first:])):
            if len(more):
                total = self._samples[part].astype(np.int32)
                total += more
                np.minimum(total, 32767, out=total)
                np.maximum(total, -32768, out=total)
                self._samples[part] = total
        # Where the callback has overtaken us it will not clean up: that would be heard in 1 s.
        overtaken = min(self.moved - position, len(pcm))
        if overtaken > 0:
            one, two, _ = self._parts(position, overtaken)
            self._samples[one] = 0
            self._samples[two] = 0
