"""Calls over a bad network, scored: through the relay, or between two namespaces."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scripts.bench.ends import Conversation
from scripts.bench.fleet import Calls, crew
from scripts.bench.link import Link, link
from scripts.bench.network import Impairment
from scripts.bench.relay import Relay, relay
from scripts.bench.scores import Score, score

SETTLE_S: Final = 8.0
"""Seconds in which both ends learn what the network is like, and nothing is kept."""
_SEED_STEP: Final = 100


async def relayed(
    engine: str,
    codec: str,
    impairments: Sequence[Impairment],
    *,
    seconds: float,
    seed: int,
    first: int,
    pool: Executor,
) -> list[Score]:
    """A call over each of the networks, all at the same time in two processes; no privileges.

    The network number `first` and those after it are these: of the same number and `seed`, they
    lose and hold up the same datagrams.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        caller, callee = [await stack.enter_async_context(crew(engine)) for _ in range(2)]
        relays = [
            await stack.enter_async_context(relay(seed + _SEED_STEP * (first + number)))
            for number in range(len(impairments))
        ]
        calls = Calls(caller, callee)
        await calls.add(len(impairments), codec, keeps=True, relays=relays)
        _impair(relays, impairments)
        await asyncio.sleep(SETTLE_S)
        await calls.both("forget")
        await asyncio.sleep(seconds)
        ours = await caller.conversations(folder / "caller")
        theirs = await callee.conversations(folder / "callee")
    return await _scored(list(zip(ours, theirs, strict=True)), codec, pool)


async def linked(
    engine: str,
    impairments: Sequence[Impairment],
    *,
    seconds: float,
    seed: int,
    first: int,
    pool: Executor,
) -> list[Score]:
    """An Opus call over each of the networks, at the same time, each end in a namespace.

    `first` and `seed` as of `relayed`.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        links = [
            stack.enter_context(link(number, seed + _SEED_STEP * (first + number)))
            for number in range(len(impairments))
        ]
        calls = [
            Calls(
                *[
                    await stack.enter_async_context(crew(engine, prefix=way))
                    for way in each.prefixes
                ]
            )
            for each in links
        ]
        await asyncio.gather(*(each.add(1, "opus", keeps=True) for each in calls))
        _impair(links, impairments)
        await asyncio.sleep(SETTLE_S)
        await asyncio.gather(*(each.both("forget") for each in calls))
        await asyncio.sleep(seconds)
        found = [
            (
                (await each.caller.conversations(folder / f"{number}-caller"))[0],
                (await each.callee.conversations(folder / f"{number}-callee"))[0],
            )
            for number, each in enumerate(calls)
        ]
    return await _scored(found, "opus", pool)


def _impair(ways: Sequence[Relay | Link], impairments: Sequence[Impairment]) -> None:
    """Only now, since no figure is about setting calls up under loss."""
    for way, impairment in zip(ways, impairments, strict=True):
        way.impair(impairment)


async def _scored(
    calls: list[tuple[Conversation, Conversation]], codec: str, pool: Executor
) -> list[Score]:
    return await asyncio.to_thread(score, calls, wide_band=codec != "pcmu", pool=pool)
