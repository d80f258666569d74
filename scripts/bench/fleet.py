"""Drives workers: pairs of processes that call each other."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

from scripts.bench.ends import Conversation
from scripts.bench.relay import Relay
from scripts.bench.track import Track

_ROOT: Final = Path(__file__).parents[2]
_LINE: Final = 2**24
"""Bytes of one reply at most: descriptions of a hundred calls."""


class WorkerError(RuntimeError):
    """A worker could not do what it was told."""


class Crew:
    """One worker process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, order: str, **details: Any) -> dict[str, Any]:
        """Have an order carried out; raises `WorkerError`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerError("the worker has no pipes")
        stdin.write(json.dumps({"do": order, **details}).encode() + b"\n")
        await stdin.drain()
        line = await stdout.readline()
        reply: dict[str, Any] = json.loads(line) if line else {"error": "the worker has ended"}
        if "error" in reply:
            raise WorkerError(f"{order}: {reply['error']}")
        return reply

    async def conversations(self, folder: Path) -> list[Conversation]:
        """What all its ends have said and heard."""
        files = (await self.do("keep", folder=str(folder)))["files"]
        return [
            Conversation(
                spoken=Track.load(Path(each["spoken"])),
                heard=Track.load(Path(each["heard"])),
                mos=each["mos"],
            )
            for each in files
        ]


@asynccontextmanager
async def crew(
    engine: str,
    *,
    core: int | None = None,
    prefix: Sequence[str] = (),
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Crew]:
    """A worker process, on one core only if that is said; `prefix` runs it, for a namespace."""
    process = await asyncio.create_subprocess_exec(
        *prefix,
        sys.executable,
        "-m",
        "scripts.bench.worker",
        engine,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        env={**os.environ, **(environment or {})},
        limit=_LINE,
    )
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    try:
        yield Crew(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Calls:
    """Calls between two workers."""

    def __init__(self, caller: Crew, callee: Crew) -> None:
        self.caller, self.callee = caller, callee

    async def add(
        self, count: int, codec: str, *, keeps: bool, relays: Sequence[Relay] = ()
    ) -> Self:
        """Place `count` more calls, each through its relay if any, and let them connect."""
        how = {"codec": codec, "keeps": keeps}
        offers = (await self.caller.do("offer", count=count, **how))["descriptions"]
        if relays:
            offers = [relay.offer(offer) for relay, offer in zip(relays, offers, strict=True)]
        answers = (await self.callee.do("answer", descriptions=offers, **how))["descriptions"]
        if relays:
            answers = [relay.answer(answer) for relay, answer in zip(relays, answers, strict=True)]
        await self.caller.do("accept", descriptions=answers)
        await asyncio.gather(self.caller.do("connected"), self.callee.do("connected"))
        return self

    async def both(self, order: str, **details: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Have both sides do something at the same time."""
        return await asyncio.gather(
            self.caller.do(order, **details), self.callee.do(order, **details)
        )
