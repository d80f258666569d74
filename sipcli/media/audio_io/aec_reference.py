"""The reference signal for echo cancellation: loudspeaker sound aligned with the microphone.

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
"""Readings that are averaged: a second. Each is wrong by as much as a callback is late."""
_NEAR_S: Final = 0.008
"""An offset that is off by less is left alone: less than the blocks of both devices together,
so that no echo seems to come before its sound; more than a first reading is off, since streams
that begin fill their buffers first.
"""
_FAR_S: Final = 0.03
"""One that is off by more is wrong at once: a device stood still, or has skipped something."""
_SLIDE: Final = 4
"""Frames in which an offset moves by one sample: 260 ppm, more than two clocks differ by.

No canceller loses its track by that; a leap of 2 ms costs it most of a second.
"""


class ClockOffset:
    """The seconds one clock is ahead of another, with the jitter of the readings smoothed out."""

    def __init__(self) -> None:
        self._samples: int | None = None
        self._errors = 0.0
        self._count = 0
        self._slide = 0
        """Whether it moves, and which way: -1, 0 or 1."""

    def update(self, reading: float) -> float:
        """Take note of a reading, one for each frame; returns the offset to go by."""
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
    """A loudspeaker as a canceller hears it; `close` it in the end."""

    def __init__(self, hardware: DevicePool, name: str | None) -> None:
        """`name` is that of the device that a call plays on; None is the system's default."""
        self._hardware = hardware
        self._port = hardware.acquire(DeviceKind.OUTPUT, name)
        self._is_closed = False
        self._pair: tuple[Ring, Ring] | None = None
        self._offset = ClockOffset()
        self._convert = ToFrames(RATE, 1)

    def frame(self, microphone: Ring, position: int) -> Pcm:
        """What was played while the 20 ms from `position` on were captured; silence if nothing."""
        stream = self._port.opened
        if stream is None or not isinstance(stream.ring, PlaybackRing) or not stream.ring.moved:
            self._pair = None
            return silence(FRAME)
        ring = stream.ring
        if self._pair != (microphone, ring):
            self._pair = (microphone, ring)
            self._offset = ClockOffset()
            self._convert = ToFrames(ring.rate, ring.channels)
        now = perf_counter()
        offset = self._offset.update(ring.reached(now) - microphone.reached(now))
        start = round((microphone.seconds(position) + offset) * ring.rate) * ring.channels
        count = round(FRAME_S * ring.rate) * ring.channels
        if not ring.moved - ring.size // 2 < start < ring.moved + count:
            return silence(FRAME)  # one of the two has just stood still
        return self._convert(ring.played(start, count))

    def close(self) -> None:
        """Release the device."""
        if not self._is_closed:
            self._is_closed = True
            self._hardware.release(self._port)
