"""A microphone as a source and a loudspeaker as a sink, each of one call among others.

The callbacks of PortAudio only copy; the call's clock takes from one ring and puts into the
other. Two streams, not one for both ways: either device may be missing, be named by itself,
or vanish without the other.

The device's clock and the call's are not the same: `pace` says how the call's should change
to keep step, and where nobody asks, a few milliseconds are left out now and then. A call can
follow one clock only: its sink's, else its source's.
"""

from collections import deque
from typing import Final, Protocol

from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm, silence
from sipcli.media.sound.background import Warn
from sipcli.media.sound.convert import FromFrames, ToFrames
from sipcli.media.sound.hardware import Hardware, Port
from sipcli.media.sound.portaudio import BLOCK_S, Direction
from sipcli.media.sound.rings import CaptureRing, PlaybackRing, Ring

RESERVE_S: Final = 1.5 * BLOCK_S
"""Seconds of sound that wait in a ring when a frame is taken or put: a block, and some jitter."""
_WINDOW: Final = 50
"""Frames over which the smallest reserve is looked for: 1 s."""
_EXCESS_S: Final = RESERVE_S + 0.005
"""A reserve that never was smaller in a window is more than is needed."""
_PACE: Final = 0.01
"""The part of an error of the reserve that the next frame makes good: all in about 2 s."""
_MOST_PACE_S: Final = 0.0005


class Reserve:
    """How much sound waits in a ring at the moment of each frame, in seconds."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_WINDOW)

    def put(self, seconds: float) -> float:
        """Take note; returns the seconds that are too many, mostly 0."""
        self._last.append(seconds)
        if len(self._last) < _WINDOW or (least := min(self._last)) <= _EXCESS_S:
            return 0.0
        self._last.clear()
        return least - RESERVE_S

    @property
    def is_new(self) -> bool:
        """Whether no frame has come or gone yet."""
        return not self._last

    @property
    def error(self) -> float:
        """Seconds by which the last second's mean is off what is wanted."""
        if not self._last:
            return 0.0
        return sum(self._last) / len(self._last) - RESERVE_S - BLOCK_S / 2

    @property
    def pace(self) -> float:
        """Seconds by which a frame should come later so that a reserve that is high falls."""
        return max(-_MOST_PACE_S, min(_MOST_PACE_S, self.error * _PACE))


class Treat(Protocol):
    """What is done to a microphone's frames; `close` it in the end."""

    def __call__(self, frame: Pcm, microphone: Ring, position: int) -> Pcm:
        """The frame as it should be sent. It was captured from `position` of the ring on."""

    def close(self) -> None:
        """Give back what it holds; more than once does no harm."""


class _Handle:
    """What a call holds of a device, either way."""

    def __init__(
        self, hardware: Hardware, direction: Direction, name: str | None, warn: Warn
    ) -> None:
        self._hardware = hardware
        self._port = hardware.use(direction, name)
        self._warn = warn
        self._ring: Ring | None = None
        self._position = 0
        self._reserve = Reserve()
        self._is_closed = False
        self.gaps = 0
        """Times that the device and the call were out of step, and sound is missing."""

    @property
    def port(self) -> Port:
        """The device, shared with others."""
        return self._port

    def close(self) -> None:
        """Leave the device to others."""
        if not self._is_closed:
            self._is_closed = True
            self._tell()
            self._hardware.leave(self._port)

    def _tell(self) -> None:
        while self._port.news:
            self._warn(self._port.news.popleft())


class DeviceSource(_Handle):
    """What the microphone hears."""

    ended = False

    def __init__(
        self, hardware: Hardware, name: str | None, warn: Warn, treat: Treat | None = None
    ) -> None:
        super().__init__(hardware, Direction.INPUT, name, warn)
        self._convert = ToFrames(RATE, 1)
        self._treat = treat

    @property
    def pace(self) -> float:
        """Seconds by which the next frame should be read later than planned, to keep step."""
        return -self._reserve.pace

    def read(self) -> Pcm:
        """The next 20 ms; silence while there is no device."""
        self._tell()
        stream = self._port.open
        if stream is None or not isinstance(stream.ring, CaptureRing):
            self._ring = None
            return silence(FRAME)
        ring = stream.ring
        per_second = ring.rate * ring.channels
        count = round(FRAME_S * ring.rate) * ring.channels
        if ring is not self._ring:
            self._ring = ring
            self._reserve = Reserve()
            self._convert = ToFrames(ring.rate, ring.channels)
            self._position = ring.moved
        waiting = ring.moved - self._position - count
        if waiting > ring.size // 2:  # the call stood still
            self.gaps += 1
            self._position = ring.moved - count
        elif waiting < 0:
            self.gaps += not self._reserve.is_new
            return silence(FRAME)
        self._position += _whole(self._reserve.put(waiting / per_second), ring)
        position = self._position
        self._position += count
        frame = self._convert(ring.get(position, count))
        return frame if self._treat is None else self._treat(frame, ring, position)

    def close(self) -> None:
        """Leave the device to others, and what treats its sound, too."""
        super().close()
        if self._treat is not None:
            self._treat.close()


class DeviceSink(_Handle):
    """The loudspeaker; what several sinks write to it is mixed."""

    def __init__(self, hardware: Hardware, name: str | None, warn: Warn) -> None:
        super().__init__(hardware, Direction.OUTPUT, name, warn)
        self._convert = FromFrames(RATE, 1)

    @property
    def pace(self) -> float:
        """Seconds by which the next frame should be written later than planned, to keep step."""
        return self._reserve.pace

    def write(self, frame: Pcm) -> None:
        """Play the next 20 ms; dropped while there is no device."""
        self._tell()
        stream = self._port.open
        if stream is None or not isinstance(stream.ring, PlaybackRing):
            self._ring = None
            return
        ring = stream.ring
        if ring is not self._ring:
            self._ring = ring
            self._reserve = Reserve()
            self._convert = FromFrames(ring.rate, ring.channels)
            self._position = ring.moved + _whole(RESERVE_S, ring)
        per_second = ring.rate * ring.channels
        waiting = self._position - ring.moved
        if waiting < 0:  # the device has played all there was
            self._position = ring.moved + _whole(RESERVE_S, ring)
            self.gaps += 1
            waiting = self._position - ring.moved
        pcm = self._convert(frame)
        pcm = pcm[_whole(self._reserve.put(waiting / per_second), ring) :]
        if waiting + len(pcm) > ring.size // 2:  # the device stands still
            self.gaps += 1
            return
        ring.mix(self._position, pcm)
        self._position += len(pcm)


def _whole(seconds: float, ring: Ring) -> int:
    """Samples of all channels for `seconds`."""
    return round(seconds * ring.rate) * ring.channels
