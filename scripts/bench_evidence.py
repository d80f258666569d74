"""What evidence costs: a call with a capture and a report, and the same call without.

Both ends of one Opus call are in this process, in real time. The journal of both is read in every
other stretch of time, so what else the machine does hits both alike.
"""

import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from scripts.bench.awake import awake
from scripts.bench.ends_sipcli import CALL, SipcliEngine
from scripts.bench.speech import INSTALL, PROMPTS, installed, speech
from sipcli.evidence.capture import CaptureFile
from sipcli.evidence.recording import Recording
from sipcli.journal.entries import EventEntry
from sipcli.journal.journal import Journal
from sipcli.phone.events import Calling

STRETCH_S: Final = 3.0
PAIRS: Final = 10
GOAL: Final = 1.05
"""CPU of the call with evidence, over that without."""


async def stretch() -> float:
    """Return the CPU of this process in one stretch of time, in percent of a core."""
    cpu, begin = time.process_time(), time.monotonic()
    await asyncio.sleep(STRETCH_S)
    return 100 * (time.process_time() - cpu) / (time.monotonic() - begin)


async def measure(folder: Path) -> tuple[list[float], list[float]]:
    """Return the CPU of each stretch without evidence, and of each with it."""
    journal = Journal()
    engine = SipcliEngine(speech(PROMPTS), journal)
    one, other = engine.end("opus", keeps=False), engine.end("opus", keeps=False)
    await one.accept(await other.answer(await one.offer()))
    await asyncio.gather(one.connected(), other.connected())
    await stretch()  # what setting up has left behind
    without, within = [], []
    for number in range(PAIRS):
        without.append(await stretch())
        capture = CaptureFile(
            folder / f"{number}.pcapng", limit_bytes=10**8, has_audio=True, warn=sys.exit
        )
        capture.attach(journal)
        recording = Recording().attach(journal)
        journal.record(EventEntry(at=journal.now(), event=Calling(call=CALL, to="sip:bench")))
        within.append(await stretch())
        recording.detach()
        capture.close()
    await asyncio.gather(one.close(), other.close())
    return without, within


def main() -> int:
    """Measure, and print what it was."""
    if not installed():
        sys.stdout.write(f"{INSTALL}\n")
        return 1
    gc.freeze()  # as the console script does
    with tempfile.TemporaryDirectory() as folder, awake((0, 1)):
        without, within = asyncio.run(measure(Path(folder)))
    ratio = median(b / a for a, b in zip(without, within, strict=True))
    sys.stdout.write(
        f"both ends of an Opus call: {median(without):.2f} % of a core\n"
        f"with --capture and --report: {median(within):.2f} %\n"
        f"ratio {ratio:.3f} (goal {GOAL})\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
