"""The reference signal for echo cancellation: loudspeaker sound, aligned with the microphone.

Each device counts samples by its own clock and in its own blocks. An echo canceller needs both
signals frame by frame, with a nearly constant delay between them.
"""

from time import perf_counter
from typing import Final

from sipcli.media.audio_io.convert import ToFrames
from sipcli.media.audio_io.device_pool import DevicePool
from sipcli.media.audio_io.portaudio import DeviceKind
from sipcli.media.audio_io.rings import PlaybackRing, Ring
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm, silence

_WINDOW: Final = 50
"""Readings that are averaged: one second. Each is off by how late a callback was."""
_NEAR_S: Final = 0.008
"""Seconds: a smaller error of the offset is not corrected. Less than the blocks of both devices
together, so that no echo precedes its sound; more than the error of a first reading, since new
streams fill their buffers first."""
_FAR_S: Final = 0.03
"""Seconds: a larger error is corrected at once: a device stopped, or has skipped something."""
_SLIDE: Final = 4
"""Frames in which the offset moves by one sample: 260 ppm, more than the drift of two clocks.

A canceller does not notice that; a jump of 2 ms costs it most of a second."""


class ClockOffset:
    """How many seconds one clock is ahead of another, with the jitter of the readings removed."""

    def __init__(self) -> None:
        self._samples: int | None = None
        self._errors = 0.0
        self._count = 0
        self._slide = 0
        """The direction in which it moves: -1, 0 or 1."""

    def update(self, reading: float) -> float:
        """Add a reading, one for each frame, and return the smoothed offset; both in seconds."""
        if self._samples is None:
            self._samples = round(reading * RATE)
        self._errors += reading - self._samples / RATE
        self._count += 1
        if self._count % _SLIDE == 0:
            self._samples += self._slide
        if self._count == _WINDOW:
            error = self._errors / _WINDOW
            self._errors, self._count = 0.0, 0
            self._slide = 0
            if abs(error) > _FAR_S:
                self._samples += round(error * RATE)
            elif abs(error) > _NEAR_S:
                self._slide = 1 if error > 0 else -1
        return self._samples / RATE


class AecReference:
    """The sound of a loudspeaker, as the canceller needs it; `close` it at the end."""

    def __init__(self, hardware: DevicePool, name: str | None) -> None:
        """`name` is the device that the call plays on; None is the system's default."""
        self._hardware = hardware
        self._device = hardware.acquire(DeviceKind.OUTPUT, name)
        self._is_closed = False
        self._pair: tuple[Ring, Ring] | None = None
        self._offset = ClockOffset()
        self._convert = ToFrames(RATE, 1)

    def frame(self, microphone: Ring, position: int) -> Pcm:
        """Return what was played while the frame at `position` was captured; silence if nothing."""
        stream = self._device.opened
        if stream is None or not isinstance(stream.ring, PlaybackRing) or not stream.ring.moved:
            self._pair = None
            return silence(FRAME)
        ring = stream.ring
        if self._pair != (microphone, ring):
            self._pair = (microphone, ring)
            self._offset = ClockOffset()
            self._convert = ToFrames(ring.rate, ring.channels)
        now = perf_counter()
        offset = self._offset.update(ring.clock(now) - microphone.clock(now))
        start = round((microphone.seconds(position) + offset) * ring.rate) * ring.channels
        count = round(FRAME_S * ring.rate) * ring.channels
        if not ring.moved - ring.size // 2 < start < ring.moved + count:
            return silence(FRAME)  # one of the two has just stopped
        return self._convert(ring.played(start, count))

    def close(self) -> None:
        """Release the device."""
        if not self._is_closed:
            self._is_closed = True
            self._hardware.release(self._device)
