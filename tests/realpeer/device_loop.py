"""A program: a tone goes out by one device and is measured at another, until it is ended.

`python -m tests.realpeer.device_loop SINK SOURCE` prints a JSON object every half second:
`hz` and `dbfs` of what came in, and the `warnings` since the last one.
"""

import asyncio
import json
import sys

import numpy as np

from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.audio_io.ticker import Ticker
from sipcli.media.pcm import RATE, Pcm
from sipcli.media.quality.level import dbfs, rms

HZ = 1000.0
_FRAMES = 25


async def main(sink_words: str, source_words: str) -> None:
    """Run until somebody kills the process."""
    warnings: list[str] = []
    tone = parse_source(f"tone:{HZ}").open(warnings.append)
    sink = parse_sink(sink_words).open(warnings.append)
    source = parse_source(source_words).open(warnings.append)
    heard: list[Pcm] = []

    def tick(_now: float) -> None:
        sink.write(tone.read())
        heard.append(source.read())
        if len(heard) == _FRAMES:
            pcm = np.concatenate(heard)
            spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
            found = {
                "hz": float(np.argmax(spectrum)) * RATE / len(pcm),
                "dbfs": dbfs(rms(pcm)),
                "warnings": list(warnings),
            }
            print(json.dumps(found), flush=True)  # noqa: T201 - it is a program
            heard.clear()
            warnings.clear()

    Ticker(tick).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
