"""Ring buffers between PortAudio's callback and the event loop, without locks or allocation.

Only one side changes each counter, and only after it has copied the samples. Counters count samples
of the device, of all channels together, since the stream began.
"""

from time import perf_counter
from typing import Any, Final

import numpy as np

from sipcli.media.pcm import Pcm

SECONDS: Final = 1
"""The length of a ring."""
BLOCK_S: Final = 0.01
"""Seconds in a block of the callback. Shorter blocks cost more; 20 ms doubles the delay."""
_TIMED_BLOCKS: Final = 128
"""Blocks whose times are kept: more than a ring holds."""


class Ring:
    """Samples in the device's format: `channels` interleaved, `rate` Hz."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate = rate
        self.channels = channels
        self.size = SECONDS * rate * channels
        self.block = round(BLOCK_S * rate) * channels
        """Samples in a block, of all channels."""
        self.moved = 0
        """Samples that the callback has written or read so far; only it changes this."""
        self.moved_at = 0.0
        """The time of the last callback, in seconds of `perf_counter`."""
        self.xruns = 0
        """How often PortAudio reported an overflow or underflow; only the callback changes this."""
        self._samples = np.zeros(self.size, np.int16)
        self._times = [0.0] * _TIMED_BLOCKS

    def seconds(self, samples: int) -> float:
        """Return the duration of `samples` of all channels, in seconds."""
        return samples / (self.rate * self.channels)

    def clock(self, now: float) -> float:
        """Return the device's own clock at `now`: seconds of sound since the stream began.

        Callbacks come in blocks; the time since the last one is added.
        """
        return self.seconds(self.moved) + now - self.moved_at

    def time_of(self, position: int) -> float:
        """Return when the callback moved the sample at `position`, which is in the last second."""
        return self._times[position // self.block % _TIMED_BLOCKS]

    def _record(self, samples: int) -> None:
        """Record a callback; the last thing that it does."""
        now = perf_counter()
        self._times[self.moved // self.block % _TIMED_BLOCKS] = now
        self.moved_at = now
        self.moved += samples

    def _parts(self, position: int, count: int) -> tuple[slice, slice, int]:
        """Return where `count` samples from `position` are: two slices, and the first's length."""
        start = position % self.size
        first = min(count, self.size - start)
        return slice(start, start + first), slice(0, count - first), first


class CaptureRing(Ring):
    """Written by the microphone's callback, read by any number of readers in the event loop."""

    def callback(self, data: Any, _frames: int, _time: object, flags: object) -> None:
        """Copy what was captured (called by PortAudio, in its thread)."""
        block = np.frombuffer(data, np.int16)
        one, two, first = self._parts(self.moved, len(block))
        self._samples[one] = block[:first]
        self._samples[two] = block[first:]
        self._record(len(block))
        if flags:
            self.xruns += 1

    def read(self, position: int, count: int) -> Pcm:
        """Return a copy of `count` samples from `position`; they must have been captured."""
        one, two, first = self._parts(position, count)
        samples = np.empty(count, np.int16)
        samples[:first] = self._samples[one]
        samples[first:] = self._samples[two]
        return samples


class PlaybackRing(Ring):
    """Read by the loudspeaker's callback; its writers in the event loop are mixed."""

    def __init__(self, rate: int, channels: int) -> None:
        super().__init__(rate, channels)
        self._played = np.zeros(self.size, np.int16)

    def callback(self, data: Any, _frames: int, _time: object, flags: object) -> None:
        """Copy what should be played, and leave silence (called by PortAudio, in its thread)."""
        block = np.frombuffer(data, np.int16)
        one, two, first = self._parts(self.moved, len(block))
        block[:first] = self._samples[one]
        block[first:] = self._samples[two]
        self._played[one] = block[:first]
        self._played[two] = block[first:]
        self._samples[one] = 0
        self._samples[two] = 0
        self._record(len(block))
        if flags:
            self.xruns += 1

    def played(self, position: int, count: int) -> Pcm:
        """Return `count` samples that the device plays from `position`.

        Those it has not taken yet may still change. The ring must reach back to `position`.
        """
        sound = np.empty(count, np.int16)
        one, two, first = self._parts(position, count)
        sound[:first] = self._samples[one]
        sound[first:] = self._samples[two]
        # Second, since the callback may take and clear samples in the meantime.
        done = max(0, min(count, self.moved - position))
        one, two, first = self._parts(position, done)
        sound[:first] = self._played[one]
        sound[first:done] = self._played[two]
        return sound

    def mix(self, position: int, pcm: Pcm) -> None:
        """Mix `pcm` into the ring at `position`, with clipping."""
        one, two, first = self._parts(position, len(pcm))
        for part, more in ((one, pcm[:first]), (two, pcm[first:])):
            if len(more):
                total = self._samples[part].astype(np.int32)
                total += more
                np.minimum(total, 32767, out=total)
                np.maximum(total, -32768, out=total)
                self._samples[part] = total
        # If the callback has overtaken us, it will not clear this: it would be heard in 1 s.
        overtaken = min(self.moved - position, len(pcm))
        if overtaken > 0:
            one, two, _ = self._parts(position, overtaken)
            self._samples[one] = 0
            self._samples[two] = 0
