"""A call from a microphone to a loudspeaker, and how long the sound takes: a JSON line of `ms`.

`python -m scripts.bench.device_call`, with the devices of tests/realpeer/pulse.py. Besides the
call, this process says speech where the microphone hears it, and listens at the microphone and
at the loudspeaker with two streams that are alike: what they need by themselves cancels out.
"""

import asyncio
import json
import sys
import time
from statistics import median
from typing import Any, Final

import numpy as np
import sounddevice

from scripts.bench.align import pair
from scripts.bench.ends_sipcli import SipcliEngine
from scripts.bench.speech import PROMPTS, SEGMENT_S, segment
from scripts.bench.track import Track, steady
from sipcli.media.pcm import FRAME, RATE
from sipcli.media.sound.open import parse_sink, parse_source

_SETTLE_S: Final = 4.0
_BLOCK: Final = RATE // 100
_ROUNDS: Final = 2


class _Witness:
    """Hears one device."""

    def __init__(self, device: str) -> None:
        self._pieces: list[bytes] = []
        self._samples = 0
        self._begin = float("inf")
        self._stream = sounddevice.RawInputStream(
            RATE,
            blocksize=_BLOCK,
            device=device,
            channels=1,
            dtype="int16",
            latency="low",
            callback=self._put,
        )
        self._stream.start()

    def _put(self, data: Any, frames: int, _time: object, _status: object) -> None:
        self._pieces.append(bytes(data))
        self._samples += frames
        # A block may come late, never early: the least is the truth.
        self._begin = min(self._begin, time.monotonic() - self._samples / RATE)

    def track(self) -> Track:
        """All that was heard; ends the stream."""
        self._stream.close()
        return steady(np.frombuffer(b"".join(self._pieces), np.int16), self._begin)


async def measured_ms() -> float:
    """From mouth to ear; the median of all windows."""
    warnings: list[str] = []
    engine = SipcliEngine(np.zeros(FRAME, np.int16))
    source = parse_source("device:microphone").open(warnings.append)
    sink = parse_sink("device:speaker").open(warnings.append)
    caller = engine.end("opus", keeps=False, source=source)
    callee = engine.end("opus", keeps=False, sink=sink)
    await caller.accept(await callee.answer(await caller.offer()))
    await asyncio.gather(caller.connected(), callee.connected())
    await asyncio.sleep(_SETTLE_S)
    found: list[float] = []
    for prompt in PROMPTS[:_ROUNDS]:
        found += await _delays_ms(prompt)
    await asyncio.gather(caller.close(), callee.close())
    if warnings:
        raise RuntimeError(warnings[0])
    return median(found)


async def _delays_ms(prompt: str) -> tuple[float, ...]:
    mouth, ear = _Witness("microphone"), _Witness("speaker_monitor")
    sounddevice.play(segment(prompt), RATE, device="microphone_feed")
    await asyncio.sleep(SEGMENT_S + 1)
    found = pair(mouth.track(), ear.track(), 0)
    if found is None:
        raise RuntimeError("what was said to the microphone was not heard at the loudspeaker")
    return found.delays_ms


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"ms": asyncio.run(measured_ms())}) + "\n")
