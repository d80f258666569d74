"""A microphone as a source and a loudspeaker as a sink, shared between calls.

PortAudio's callbacks only copy; the call's clock reads from one ring and writes to the other.
Two streams, not one duplex stream: either device may be missing, be selected on its own, or
disappear without the other.

The device's clock and the call's differ: `pace` says how the call's should change to stay in step,
and so that sound waits no longer than necessary (`latency.py`). A call can follow one clock only:
its sink's, else its source's. A device that is not followed drops or repeats blocks. Frames begin
where blocks begin, so that no part of a block waits for the rest.
"""

from collections import deque
from dataclasses import dataclass
from math import ceil
from time import perf_counter
from typing import Final, Protocol

import numpy as np

from sipcli.catalog.audio_spec import AudioSpec
from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.convert import FromFrames, ToFrames
from sipcli.media.audio_io.device_pool import DEVICE_POOL, DevicePool, SharedDevice
from sipcli.media.audio_io.latency import LatencyControl
from sipcli.media.audio_io.portaudio import DeviceKind, check_device
from sipcli.media.audio_io.rings import BLOCK_S, CaptureRing, PlaybackRing, Ring
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm, silence

INITIAL_SILENCE_S: Final = BLOCK_S
"""Seconds of silence before the first frame, which then has 10 to 20 ms of spare time."""
CROSSFADE_S: Final = 0.005
"""Length of a crossfade, in seconds."""


class FrameProcessor(Protocol):
    """The processing of a microphone's frames (echo, noise, gain); `close` it at the end."""

    def __call__(self, frame: Pcm, microphone: Ring, position: int) -> Pcm:
        """Return the frame to send; `frame` was captured at `position` of the ring."""

    def close(self) -> None:
        """Release its resources. May be called more than once."""


class _DeviceUser:
    """A call's use of a device, in either direction."""

    def __init__(
        self, hardware: DevicePool, kind: DeviceKind, name: str | None, warn: Warn
    ) -> None:
        self._hardware = hardware
        self._device = hardware.acquire(kind, name)
        self._warn = warn
        self._ring: Ring | None = None
        self._position = 0
        self._latency = LatencyControl()
        self._is_closed = False
        self.gaps = 0
        """How often the device and the call were out of step, and sound was lost."""

    @property
    def device(self) -> SharedDevice:
        """The device, shared with others."""
        return self._device

    def close(self) -> None:
        """Release the device."""
        if not self._is_closed:
            self._is_closed = True
            self._pass_warnings()
            self._hardware.release(self._device)

    def _pass_warnings(self) -> None:
        while self._device.warnings:
            self._warn(self._device.warnings.popleft())


class DeviceSource(_DeviceUser):
    """The sound of the microphone."""

    def __init__(
        self,
        hardware: DevicePool,
        name: str | None,
        warn: Warn,
        processor: FrameProcessor | None = None,
    ) -> None:
        super().__init__(hardware, DeviceKind.INPUT, name, warn)
        self._convert = ToFrames(RATE, 1)
        self._processor = processor
        self._was_repeated = False
        """True if the last frame was repeated, because the next one had not arrived."""

    @property
    def pace(self) -> float:
        """Seconds by which to delay reading the next frame, to stay in step."""
        return self._latency.pace

    def read(self) -> Pcm:
        """Return the next 20 ms; silence while there is no device."""
        self._pass_warnings()
        stream = self._device.opened
        if stream is None or not isinstance(stream.ring, CaptureRing):
            self._ring = None
            return silence(FRAME)
        ring = stream.ring
        count = round(FRAME_S * ring.rate) * ring.channels
        if ring is not self._ring:
            self._ring = ring
            self._latency = LatencyControl()
            self._convert = ToFrames(ring.rate, ring.channels)
            self._position = ring.moved
        if ring.moved - self._position - count > ring.size // 2:  # the call was stalled
            self.gaps += 1
            self._position = ring.moved - count
        if ring.moved < self._position + count:
            pcm = self._repeat(ring, count)
            if pcm is None:
                return silence(FRAME)
        else:
            self._was_repeated = False
            pcm = self._next(ring, count)
        start = self._position - count
        frame = self._convert(pcm)
        return frame if self._processor is None else self._processor(frame, ring, start)

    def _next(self, ring: CaptureRing, count: int) -> Pcm:
        """Return the next samples, all of which have arrived."""
        end = self._position + count
        blocks = self._latency.observe(perf_counter() - ring.time_of(end - 1))
        blocks = min(blocks, (ring.moved - end) // ring.block)
        start = self._position + blocks * ring.block
        pcm = ring.read(start, count)
        if blocks:
            self._latency.gained(-blocks * BLOCK_S)
            seam = _samples(CROSSFADE_S, ring)
            pcm[:seam] = crossfade(ring.read(self._position, seam), pcm)
        self._position = start + count
        return pcm

    def _repeat(self, ring: CaptureRing, count: int) -> Pcm | None:
        """Return the last sound again, as the next is late; None if it was repeated already."""
        if self._latency.is_new or self._was_repeated:
            return None
        self._was_repeated = True
        self.gaps += 1
        self._latency.missed(0.0)
        blocks = ceil((self._position + count - ring.moved) / ring.block)
        start = self._position - blocks * ring.block
        seam = _samples(CROSSFADE_S, ring)
        if ring.moved >= self._position + seam:
            ending = ring.read(self._position, seam)
        else:  # played backwards, it continues without a click
            backwards = ring.read(self._position - seam, seam).reshape(-1, ring.channels)[::-1]
            ending = backwards.reshape(-1)
        pcm = ring.read(start, count)
        pcm[:seam] = crossfade(ending, pcm)
        self._latency.gained(blocks * BLOCK_S)
        self._position = start + count
        return pcm

    def close(self) -> None:
        """Release the device and the processing."""
        super().close()
        if self._processor is not None:
            self._processor.close()


class DeviceSink(_DeviceUser):
    """The loudspeaker; what several sinks write to it is mixed."""

    def __init__(self, hardware: DevicePool, name: str | None, warn: Warn) -> None:
        super().__init__(hardware, DeviceKind.OUTPUT, name, warn)
        self._convert = FromFrames(RATE, 1)
        self._written: deque[tuple[int, float]] = deque()
        """Frames that the device has not taken yet: position in the ring, and time of writing."""

    @property
    def pace(self) -> float:
        """Seconds by which to delay writing the next frame, to stay in step."""
        return -self._latency.pace

    def write(self, frame: Pcm) -> None:
        """Play the next 20 ms; dropped while there is no device."""
        self._pass_warnings()
        stream = self._device.opened
        if stream is None or not isinstance(stream.ring, PlaybackRing):
            self._ring = None
            return
        ring, now = stream.ring, perf_counter()
        if ring is not self._ring:
            self._ring = ring
            self._latency = LatencyControl()
            self._convert = FromFrames(ring.rate, ring.channels)
            self._position = ring.moved + _samples(INITIAL_SILENCE_S, ring)
            self._written.clear()
        pcm = self._convert(frame)
        if self._is_too_full(ring):
            seam = _samples(CROSSFADE_S, ring)
            joint = crossfade(pcm[:seam], pcm[ring.block :])
            pcm = np.concatenate((joint, pcm[ring.block + len(joint) :]))
            self._latency.gained(-BLOCK_S)
        if self._position < ring.moved:  # the device has run out of sound
            self.gaps += 1
            self._catch_up(ring, now)
        if self._position - ring.moved + len(pcm) > ring.size // 2:  # the device is stalled
            self.gaps += 1
            return
        ring.mix(self._position, pcm)
        self._written.append((self._position, now))
        self._position += len(pcm)

    def _is_too_full(self, ring: PlaybackRing) -> bool:
        """Return True if the ring holds too much, judging by the recent frames."""
        blocks = 0
        while self._written and self._written[0][0] < ring.moved:
            position, written = self._written.popleft()
            blocks = self._latency.observe(ring.time_of(position) - written)
        return blocks > 0

    def _catch_up(self, ring: PlaybackRing, now: float) -> None:
        """Move ahead of the device, with the wanted spare time."""
        # The device takes a whole block when the one before it has been played.
        taken = ring.clock(now) - BLOCK_S
        wanted = self._latency.missed(ring.seconds(self._position) - taken)
        blocks = ceil(_samples(taken + wanted, ring) / ring.block)
        position = max(ring.moved, blocks * ring.block)
        self._latency.gained(ring.seconds(position - self._position))
        self._position = position
        self._written.clear()


def _samples(seconds: float, ring: Ring) -> int:
    """Return the samples of all channels in `seconds`."""
    return round(seconds * ring.rate) * ring.channels


@dataclass(frozen=True, slots=True)
class Microphone:
    """An input device."""

    hardware: DevicePool
    name: str | None
    """None is the system's default, which may be missing: then silence is sent."""
    file: None = None

    def check(self) -> None:
        """Raise `DeviceError` if it was named, and is missing or cannot be used."""
        if self.name is not None:
            check_device(DeviceKind.INPUT, self.name)

    def open(self, warn: Warn) -> DeviceSource:
        """Return it for one call; it opens shortly, and a failure is a warning."""
        return DeviceSource(self.hardware, self.name, warn)


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """An output device."""

    hardware: DevicePool
    name: str | None
    """None is the system's default, which may be missing: then received sound is dropped."""
    file: None = None

    def check(self) -> None:
        """Raise `DeviceError` if it was named, and is missing or cannot be used."""
        if self.name is not None:
            check_device(DeviceKind.OUTPUT, self.name)

    def open(self, warn: Warn) -> DeviceSink:
        """Return it for one call; it opens shortly, and a failure is a warning."""
        return DeviceSink(self.hardware, self.name, warn)


def source(spec: AudioSpec) -> Microphone:
    """Return the source of the word `device`."""
    return Microphone(DEVICE_POOL, spec.value or None)


def sink(spec: AudioSpec) -> Loudspeaker:
    """Return the sink of the word `device`."""
    return Loudspeaker(DEVICE_POOL, spec.value or None)


def crossfade(ending: Pcm, beginning: Pcm) -> Pcm:
    """Return a crossfade from one to the other, as long as the shorter one.

    Works with interleaved channels, too.
    """
    count = min(len(ending), len(beginning))
    rise = np.arange(1, count + 1, dtype=np.float32) / np.float32(count + 1)
    mixed = ending[:count] * (1 - rise) + beginning[:count] * rise
    return np.asarray(np.rint(mixed), np.int16)
