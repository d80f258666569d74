"""A process with ends of calls in it, told by JSON lines on its input what to do.

`python -m scripts.bench.worker ENGINE`. Each order is answered by one line on its output, with
`error` in it where the order could not be carried out. The end of the input ends the process.
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from scripts.bench.ends import End, Engine
from scripts.bench.speech import PROMPTS, WARM_UP, speech
from sipcli.media.pcm import RATE, Pcm

Order = dict[str, Any]
Reply = dict[str, Any]

_CONNECT_LIMIT: Final = 30.0
_FIRST_WORD_S: Final = 0.5
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def _said() -> Pcm:
    """The whole speech; words come first, so that the first sound is soon heard."""
    return np.roll(speech(WARM_UP + PROMPTS), -int(_FIRST_WORD_S * RATE))


def engine(name: str) -> Engine:
    """The engine of this name, with the whole speech to say."""
    match name:
        case "sipcli":
            from scripts.bench.ends_sipcli import SipcliEngine

            return SipcliEngine(_said())
        case "aiortc":
            from scripts.bench.ends_aiortc import AiortcEngine, on_loopback

            on_loopback()
            return AiortcEngine(_said())
        case "bare":
            from scripts.bench.ends_bare import BareEngine

            return BareEngine()
        case "chromium":
            from scripts.bench.ends_chromium import ChromiumEngine

            return ChromiumEngine(_said())
    raise ValueError(f"no engine is named {name}")


class Worker:
    """Carries out the orders; each is a method."""

    def __init__(self, using: Engine) -> None:
        self._engine = using
        self._ends: list[End] = []

    async def offer(self, order: Order) -> Reply:
        """Make `count` ends, which speak `codec`; gives their `descriptions`."""
        ends = self._make(order, order["count"])
        return {"descriptions": [await end.offer() for end in ends]}

    async def answer(self, order: Order) -> Reply:
        """Make an end for each of `descriptions`; gives theirs."""
        offers = order["descriptions"]
        ends = self._make(order, len(offers))
        return {
            "descriptions": [
                await end.answer(offer) for end, offer in zip(ends, offers, strict=True)
            ]
        }

    async def accept(self, order: Order) -> Reply:
        """Give the newest ends the answers in `descriptions`."""
        answers = order["descriptions"]
        for end, answer in zip(self._ends[-len(answers) :], answers, strict=True):
            await end.accept(answer)
        return {}

    async def connected(self, _: Order) -> Reply:
        """Wait until all ends are."""
        async with asyncio.timeout(_CONNECT_LIMIT):
            for end in self._ends:
                await end.connected()
        return {}

    async def first_heard(self, _: Order) -> Reply:
        """How long each end took to hear something: `set_ups`."""
        async with asyncio.timeout(_CONNECT_LIMIT):
            return {"set_ups": [asdict(await end.first_heard()) for end in self._ends]}

    async def forget(self, _: Order) -> Reply:
        """Let all ends begin to count and remember anew."""
        for end in self._ends:
            end.forget()
        return {}

    async def measure(self, order: Order) -> Reply:
        """For `seconds`: what the process used of a core, and how many frames were late."""
        for end in self._ends:
            end.forget()
        cpu, begin = time.process_time(), time.monotonic()
        await asyncio.sleep(order["seconds"])
        used = (time.process_time() - cpu) / (time.monotonic() - begin)
        frames = [end.frames for end in self._ends]
        gc.collect()
        return {
            "core_percent": 100 * used,
            "frames": sum(expected for expected, _ in frames),
            "late": sum(late for _, late in frames),
            "memory_kb": _resident_kb(),
        }

    async def keep(self, order: Order) -> Reply:
        """Write what each end has said and heard into `folder`; gives the `files`."""
        folder, files = Path(order["folder"]), []
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nobody waits for it
        for number, end in enumerate(self._ends):
            found = await end.conversation()
            names = [str(folder / f"{number}-{side}.npz") for side in ("spoken", "heard")]
            found.spoken.save(Path(names[0]))
            found.heard.save(Path(names[1]))
            files.append({"spoken": names[0], "heard": names[1], "mos": found.mos})
        return {"files": files}

    async def close(self, _: Order) -> Reply:
        """Hang all of them up."""
        for end in self._ends:
            await end.close()
        self._ends.clear()
        return {}

    def _make(self, order: Order, count: int) -> list[End]:
        made = [self._engine.end(order["codec"], keeps=order["keeps"]) for _ in range(count)]
        self._ends += made
        return made


def _resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE // 1024


async def serve(using: Engine) -> None:
    """Carry out orders until there are no more."""
    worker = Worker(using)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        order = json.loads(line)
        carry_out: Callable[[Order], Awaitable[Reply]] = getattr(worker, order["do"])
        try:
            reply = await carry_out(order)
        except (OSError, RuntimeError, TimeoutError, ValueError, AssertionError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
    await worker.close({})
    await using.close()


if __name__ == "__main__":
    asyncio.run(serve(engine(sys.argv[1])))
