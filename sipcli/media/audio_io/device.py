"""A microphone as a source and a loudspeaker as a sink, shared between calls.

PortAudio's callbacks only copy; the call's clock reads from one ring and writes to the other.
Two streams, not one duplex stream: either device may be missing, be selected on its own, or
disappear without the other.

The device's clock and the call's are not the same: `pace` says how the call's should change
to keep step, and so that sound waits no longer than it must (`latency.py`). A call can follow
one clock only: its sink's, else its source's. A device that is not followed drops or repeats
blocks. Frames begin where blocks begin: the part of a block that waits for the rest of it would
wait for nothing.
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

RESERVE_S: Final = BLOCK_S
"""Seconds of silence that are played before the first frame: it has 10 to 20 ms to spare."""
CROSSFADE_S: Final = 0.005
"""Length of a crossfade, in seconds."""


class FrameProcessor(Protocol):
    """The processing of a microphone's frames; `close` it at the end."""

    def __call__(self, frame: Pcm, microphone: Ring, position: int) -> Pcm:
        """The frame as it should be sent. It was captured from `position` of the ring on."""

    def close(self) -> None:
        """Give back what it holds; more than once does no harm."""


class _Handle:
    """What a call holds of a device, either way."""

    def __init__(
        self, hardware: DevicePool, direction: DeviceKind, name: str | None, warn: Warn
    ) -> None:
        self._hardware = hardware
        self._port = hardware.acquire(direction, name)
        self._warn = warn
        self._ring: Ring | None = None
        self._position = 0
        self._reserve = LatencyControl()
        self._is_closed = False
        self.gaps = 0
        """Times that the device and the call were out of step, and sound is missing."""

    @property
    def port(self) -> SharedDevice:
        """The device, shared with others."""
        return self._port

    def close(self) -> None:
        """Release the device."""
        if not self._is_closed:
            self._is_closed = True
            self._tell()
            self._hardware.release(self._port)

    def _tell(self) -> None:
        while self._port.warnings:
            self._warn(self._port.warnings.popleft())


class DeviceSource(_Handle):
    """The sound of the microphone."""

    ended = False

    def __init__(
        self,
        hardware: DevicePool,
        name: str | None,
        warn: Warn,
        treat: FrameProcessor | None = None,
    ) -> None:
        super().__init__(hardware, DeviceKind.INPUT, name, warn)
        self._convert = ToFrames(RATE, 1)
        self._treat = treat
        self._lacks = False
        """Whether the last frame was one that had not come yet."""

    @property
    def pace(self) -> float:
        """Seconds by which to delay reading the next frame, to stay in step."""
        return self._reserve.pace

    def read(self) -> Pcm:
        """The next 20 ms; silence while there is no device."""
        self._tell()
        stream = self._port.opened
        if stream is None or not isinstance(stream.ring, CaptureRing):
            self._ring = None
            return silence(FRAME)
        ring = stream.ring
        count = round(FRAME_S * ring.rate) * ring.channels
        if ring is not self._ring:
            self._ring = ring
            self._reserve = LatencyControl()
            self._convert = ToFrames(ring.rate, ring.channels)
            self._position = ring.moved
        if ring.moved - self._position - count > ring.size // 2:  # the call stood still
            self.gaps += 1
            self._position = ring.moved - count
        if ring.moved < self._position + count:
            pcm = self._once_more(ring, count)
            if pcm is None:
                return silence(FRAME)
        else:
            self._lacks = False
            pcm = self._next(ring, count)
        start = self._position - count
        frame = self._convert(pcm)
        return frame if self._treat is None else self._treat(frame, ring, start)

    def _next(self, ring: CaptureRing, count: int) -> Pcm:
        """The samples whose turn it is, all of which are there."""
        end = self._position + count
        blocks = self._reserve.observe(perf_counter() - ring.moment(end - 1))
        blocks = min(blocks, (ring.moved - end) // ring.block)
        start = self._position + blocks * ring.block
        pcm = ring.read(start, count)
        if blocks:
            self._reserve.gained(-blocks * BLOCK_S)
            seam = _whole(CROSSFADE_S, ring)
            pcm[:seam] = crossfade(ring.read(self._position, seam), pcm)
        self._position = start + count
        return pcm

    def _once_more(self, ring: CaptureRing, count: int) -> Pcm | None:
        """What was heard last, again, for samples that have not come yet; None: twice is enough."""
        if self._reserve.is_new or self._lacks:
            return None
        self._lacks = True
        self.gaps += 1
        self._reserve.missed(0.0)
        blocks = ceil((self._position + count - ring.moved) / ring.block)
        start = self._position - blocks * ring.block
        seam = _whole(CROSSFADE_S, ring)
        if ring.moved >= self._position + seam:
            ending = ring.read(self._position, seam)
        else:  # a wave that turns back does not click
            backwards = ring.read(self._position - seam, seam).reshape(-1, ring.channels)[::-1]
            ending = backwards.reshape(-1)
        pcm = ring.read(start, count)
        pcm[:seam] = crossfade(ending, pcm)
        self._reserve.gained(blocks * BLOCK_S)
        self._position = start + count
        return pcm

    def close(self) -> None:
        """Release the device and the processing."""
        super().close()
        if self._treat is not None:
            self._treat.close()


class DeviceSink(_Handle):
    """The loudspeaker; what several sinks write to it is mixed."""

    def __init__(self, hardware: DevicePool, name: str | None, warn: Warn) -> None:
        super().__init__(hardware, DeviceKind.OUTPUT, name, warn)
        self._convert = FromFrames(RATE, 1)
        self._written: deque[tuple[int, float]] = deque()
        """Frames that the device has not begun yet: from where in the ring, and since when."""

    @property
    def pace(self) -> float:
        """Seconds by which to delay writing the next frame, to stay in step."""
        return -self._reserve.pace

    def write(self, frame: Pcm) -> None:
        """Play the next 20 ms; dropped while there is no device."""
        self._tell()
        stream = self._port.opened
        if stream is None or not isinstance(stream.ring, PlaybackRing):
            self._ring = None
            return
        ring, now = stream.ring, perf_counter()
        if ring is not self._ring:
            self._ring = ring
            self._reserve = LatencyControl()
            self._convert = FromFrames(ring.rate, ring.channels)
            self._position = ring.moved + _whole(RESERVE_S, ring)
            self._written.clear()
        pcm = self._convert(frame)
        if self._is_too_full(ring):
            seam = _whole(CROSSFADE_S, ring)
            joint = crossfade(pcm[:seam], pcm[ring.block :])
            pcm = np.concatenate((joint, pcm[ring.block + len(joint) :]))
            self._reserve.gained(-BLOCK_S)
        if self._position < ring.moved:  # the device has played all there was
            self.gaps += 1
            self._catch_up(ring, now)
        if self._position - ring.moved + len(pcm) > ring.size // 2:  # the device stands still
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
            blocks = self._reserve.observe(ring.moment(position) - written)
        return blocks > 0

    def _catch_up(self, ring: PlaybackRing, now: float) -> None:
        """Go to a place that the device has not come to yet, and will not too soon."""
        # A block is taken at once, when the one before it has been played.
        taken = ring.reached(now) - BLOCK_S
        wanted = self._reserve.missed(ring.seconds(self._position) - taken)
        blocks = ceil(_whole(taken + wanted, ring) / ring.block)
        position = max(ring.moved, blocks * ring.block)
        self._reserve.gained(ring.seconds(position - self._position))
        self._position = position
        self._written.clear()


def _whole(seconds: float, ring: Ring) -> int:
    """Samples of all channels for `seconds`."""
    return round(seconds * ring.rate) * ring.channels


@dataclass(frozen=True, slots=True)
class Microphone:
    """A device to hear with."""

    hardware: DevicePool
    name: str | None
    """None is the system's default, which may be missing: then silence is sent."""
    file: None = None

    def check(self) -> None:
        """Raises `DeviceError` where one was named that is missing or cannot be used."""
        if self.name is not None:
            check_device(DeviceKind.INPUT, self.name)

    def open(self, warn: Warn) -> DeviceSource:
        """Listen to it; it opens in a moment, and one that cannot be opened is a warning."""
        return DeviceSource(self.hardware, self.name, warn)


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """A device to play on."""

    hardware: DevicePool
    name: str | None
    """None is the system's default, which may be missing: then what is heard is dropped."""
    file: None = None

    def check(self) -> None:
        """Raises `DeviceError` where one was named that is missing or cannot be used."""
        if self.name is not None:
            check_device(DeviceKind.OUTPUT, self.name)

    def open(self, warn: Warn) -> DeviceSink:
        """Play on it; it opens in a moment, and one that cannot be opened is a warning."""
        return DeviceSink(self.hardware, self.name, warn)


def source(spec: AudioSpec) -> Microphone:
    """Return the source of the word `device`."""
    return Microphone(DEVICE_POOL, spec.value or None)


def sink(spec: AudioSpec) -> Loudspeaker:
    """Return the sink of the word `device`."""
    return Loudspeaker(DEVICE_POOL, spec.value or None)


def crossfade(ending: Pcm, beginning: Pcm) -> Pcm:
    """Crossfade from one to the other; the result is as long as the shorter one.

    Works with interleaved channels, too.
    """
    count = min(len(ending), len(beginning))
    rise = np.arange(1, count + 1, dtype=np.float32) / np.float32(count + 1)
    mixed = ending[:count] * (1 - rise) + beginning[:count] * rise
    return np.asarray(np.rint(mixed), np.int16)
