"""Test a microphone and a loudspeaker: record, then play the recording."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.device import Loudspeaker, Microphone
from sipcli.media.audio_io.open import SinkSpec, SourceSpec
from sipcli.media.audio_io.portaudio import DeviceKind, check_device
from sipcli.media.audio_io.ticker import Ticker
from sipcli.media.pcm import FRAME_S, Pcm
from sipcli.media.quality.level import FLOOR_DBFS, dbfs, rms

_TAIL_S: Final = 0.2
"""Seconds after the last frame for the device to play its buffer."""

OnLevel: TypeAlias = Callable[[float], None]
"""Called with the level of each frame, in dBFS."""


class DeviceTest:
    """Records from a source and plays on a sink, devices mostly."""

    def __init__(self, source: SourceSpec, sink: SinkSpec, on_level: OnLevel) -> None:
        self._source = source
        self._sink = sink
        self._on_level = on_level
        self._heard: list[Pcm] = []
        self.loudest_dbfs = FLOOR_DBFS
        """Of the frames recorded."""

    def check(self) -> None:
        """Raise `DeviceError` if one of the two is missing, including a default one."""
        for spec in (self._source, self._sink):
            if isinstance(spec, Microphone):
                check_device(DeviceKind.INPUT, spec.name)
            elif isinstance(spec, Loudspeaker):
                check_device(DeviceKind.OUTPUT, spec.name)
            else:
                spec.check()

    async def record(self, seconds: float, warn: Warn) -> None:
        """Record the source for `seconds`. Raises `DeviceError`."""
        source = self._source.open(warn)

        def tick(_now: float) -> None:
            frame = source.read()
            self._heard.append(frame)
            level = dbfs(rms(frame))
            self.loudest_dbfs = max(self.loudest_dbfs, level)
            self._on_level(level)

        try:
            await _run(tick, seconds)
        finally:
            source.close()

    async def play(self, warn: Warn) -> None:
        """Play the recording. Raises `DeviceError`."""
        sink = self._sink.open(warn)
        frames = iter(self._heard)

        def tick(_now: float) -> None:
            frame = next(frames, None)
            if frame is not None:
                sink.write(frame)

        try:
            await _run(tick, len(self._heard) * FRAME_S + _TAIL_S)
        finally:
            sink.close()


async def _run(tick: Callable[[float], None], seconds: float) -> None:
    ticker = Ticker(tick)
    ticker.start()
    try:
        await asyncio.sleep(seconds)
    finally:
        ticker.stop()
