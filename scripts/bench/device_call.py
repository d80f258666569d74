"""A call from a microphone to a loudspeaker, and how long the sound takes: a JSON line of `ms`.

`python -m scripts.bench.device_call`, with the devices of tests/realpeer/pulse.py. A second
stream of this process says a piece of speech where the microphone hears it, and listens at the
loudspeaker; what that stream needs by itself is measured beside it and taken off.
"""

import asyncio
import json
import sys
from statistics import median
from typing import Final

import numpy as np
import sounddevice

from scripts.bench.align import pair
from scripts.bench.ends_sipcli import SipcliEngine
from scripts.bench.speech import PROMPTS, segment
from scripts.bench.track import steady
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.sound.open import parse_sink, parse_source

_SETTLE_S: Final = 4.0
_BLOCK: Final = RATE // 100
_ROUNDS: Final = 3


async def measured_ms() -> float:
    """From mouth to ear; the median of the rounds."""
    warnings: list[str] = []
    engine = SipcliEngine(np.zeros(FRAME, np.int16))
    source = parse_source("device:microphone").open(warnings.append)
    sink = parse_sink("device:speaker").open(warnings.append)
    caller = engine.end("opus", keeps=False, source=source)
    callee = engine.end("opus", keeps=False, sink=sink)
    await caller.accept(await callee.answer(await caller.offer()))
    await asyncio.gather(caller.connected(), callee.connected())
    await asyncio.sleep(_SETTLE_S)
    found = []
    for prompt in PROMPTS[:_ROUNDS]:
        speech = segment(prompt)
        whole = await asyncio.to_thread(_loop_ms, speech, "speaker_monitor")
        own = await asyncio.to_thread(_loop_ms, speech, "microphone")
        found.append(whole - own)
    await asyncio.gather(caller.close(), callee.close())
    if warnings:
        raise RuntimeError(warnings[0])
    return median(found)


def _loop_ms(speech: Pcm, listens_at: str) -> float:
    """How much later it is heard there than it was said to the microphone."""
    said = np.pad(speech, (0, RATE))
    heard = sounddevice.playrec(
        said,
        RATE,
        channels=1,
        dtype="int16",
        device=(listens_at, "microphone_feed"),
        blocksize=_BLOCK,
        latency="low",
        blocking=True,
    )
    found = pair(steady(said, 0.0), steady(heard[:, 0], 0.0), 0)
    if found is None:
        raise RuntimeError(f"nothing was heard at {listens_at}")
    return median(found.delays_ms)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"ms": asyncio.run(measured_ms())}) + "\n")
