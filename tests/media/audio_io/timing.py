"""A call's clock beside a sound device's, in virtual time."""

from collections.abc import Callable
from typing import Final

import numpy as np

from sipcli.media.audio_io.device import DeviceSink, DeviceSource
from sipcli.media.audio_io.rings import BLOCK_S, Ring
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm, silence
from tests.media.audio_io.conftest import Clock
from tests.media.audio_io.fake_sounddevice import FakeStream

SECOND: Final = 50
"""Frames."""
_BLOCK: Final = round(BLOCK_S * RATE)

Late = Callable[[int], float]
"""By how many seconds a frame or a block is late, by its number."""


def never(_number: int) -> float:
    """Always in time."""
    return 0.0


def ring_of(part: DeviceSource | DeviceSink) -> Ring:
    """The ring between the call and its device."""
    assert part.device.opened is not None
    return part.device.opened.ring


class Beside:
    """Runs a device of 48 kHz, one channel, and a call that reads or writes its sound."""

    def __init__(
        self,
        part: DeviceSource | DeviceSink,
        stream: FakeStream,
        clock: Clock,
        *,
        ppm: float = 0.0,
        follows: bool = True,
    ) -> None:
        """The device's clock is faster by `ppm`; the call `follows` it, or goes by its own."""
        self.part, self._stream, self._clock = part, stream, clock
        self._block_s = BLOCK_S / (1 + ppm / 1e6)
        self._follows = follows
        self._next_block = clock.now + 0.004
        self._next_frame = clock.now
        self._blocks = self._frames = 0
        self.heard: list[Pcm] = []
        """What the call has read, or what the device has played."""
        self.delays: list[float] = []
        """How long sound waits between the device and the call, in seconds, at each frame."""
        self.frame_late: Late = never
        self.block_late: Late = never

    def run(self, seconds: float, sound: Callable[[int, int], Pcm] | None = None) -> None:
        """Let so much time go by; `sound` gives the samples that are heard or said."""
        made = sound or (lambda _start, count: silence(count))
        end = self._clock.now + seconds
        while True:
            block = self._next_block + self.block_late(self._blocks)
            frame = self._next_frame + self.frame_late(self._frames)
            if min(block, frame) > end:
                break
            self._clock.now = max(self._clock.now, min(block, frame))
            if block <= frame:
                self._turn(made)
            else:
                self._tick(made)
        self._clock.now = end

    def _turn(self, sound: Callable[[int, int], Pcm]) -> None:
        if isinstance(self.part, DeviceSource):
            self._stream.capture(sound(self._blocks * _BLOCK, _BLOCK))
        else:
            self.heard.append(self._stream.play(1))
        self._blocks += 1
        self._next_block += self._block_s

    def _tick(self, sound: Callable[[int, int], Pcm]) -> None:
        if isinstance(self.part, DeviceSource):
            self.heard.append(self.part.read())
            ahead = ring_of(self.part).clock(self._clock.now)
            self.delays.append(ahead - self.part._position / RATE)  # noqa: SLF001
        else:
            self.part.write(sound(self._frames * FRAME, FRAME))
            ahead = ring_of(self.part).clock(self._clock.now)
            # A block is played while the next one is waited for.
            self.delays.append(self.part._position / RATE - FRAME_S + BLOCK_S - ahead)  # noqa: SLF001
        self._frames += 1
        self._next_frame += FRAME_S + (self.part.pace if self._follows else 0.0)

    def disturb(self, late: Late) -> None:
        """From now on be late with what the other side waits for; `late` is of frames."""
        if isinstance(self.part, DeviceSource):
            self.block_late = lambda number: late(number // 2)
        else:
            self.frame_late = late

    def stand_still(self, seconds: float) -> None:
        """The call does nothing for so long, and leaves out what was due; the device goes on."""
        frames = round(seconds / FRAME_S)
        self._next_frame += frames * FRAME_S
        self.run(frames * FRAME_S)

    def usual_delay(self, seconds: float) -> float:
        """The median of the last `seconds`."""
        return float(np.median(self.delays[-round(seconds / FRAME_S) :]))


def sine_at(start: int, count: int) -> Pcm:
    """`count` samples of a tone that began long before, from the sample `start` on."""
    t = np.arange(start, start + count) / RATE
    return np.asarray(np.rint(8000 * np.sin(2 * np.pi * 440 * t)), np.int16)


def steepest(pcm: Pcm) -> int:
    """The largest step from one sample to the next: a click has a large one."""
    return int(np.max(np.abs(np.diff(pcm.astype(np.int32)))))
