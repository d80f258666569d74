"""A call from the device `microphone` to the device `speaker` (tests/realpeer/pulse.py).

`python -m scripts.bench.device_call` prints a line once it is up, and hangs up when its input
ends.
"""

import asyncio
import sys

import numpy as np

from scripts.bench.ends_sipcli import SipcliEngine
from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.pcm import FRAME


async def call() -> None:
    """Both ends are of this process; only one of them speaks, and only the other listens."""
    warnings: list[str] = []
    engine = SipcliEngine(np.zeros(FRAME, np.int16))
    source = parse_source("device:microphone").open(warnings.append)
    sink = parse_sink("device:speaker").open(warnings.append)
    caller = engine.end("opus", keeps=False, source=source)
    callee = engine.end("opus", keeps=False, sink=sink)
    await caller.accept(await callee.answer(await caller.offer()))
    await asyncio.gather(caller.connected(), callee.connected())
    sys.stdout.write("up\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.gather(caller.close(), callee.close())
    for device in (source, sink):
        device.close()  # PortAudio waits for ever, at the end, for one that is open
    if warnings:
        sys.exit(warnings[0])


if __name__ == "__main__":
    asyncio.run(call())
