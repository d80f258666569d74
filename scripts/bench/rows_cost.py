"""What calls cost: processor, memory, and how many a core can bear; and how soon they sound."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final

from scripts.bench.awake import awake
from scripts.bench.ends import SetUp
from scripts.bench.fleet import Calls, WorkerError, crew

LATE_SHARE: Final = 0.002
"""A frame in 500 may be late where no frame "is late": a machine that others use has hiccups."""


_CORES: Final = (0, 1)
_TIMES: Final = 3
"""How often each load is measured, one after the other: the median stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What so many calls cost the process that bears them, one end of each."""

    calls: int
    core_percent: float
    """Of one core, for all of them; the median of both sides' measurements."""
    late_share: float
    """Of the frames that should have been heard, at both sides."""
    memory_kb: float


async def loads(engine: str, codec: str, steps: Sequence[int], *, seconds: float) -> list[Load]:
    """So many calls at a time, each process on a core of its own, as far as they can be set up."""
    found: list[Load] = []
    async with AsyncExitStack() as stack:
        stack.enter_context(awake(_CORES))
        ends = [
            await stack.enter_async_context(
                crew(engine, core=core, environment={"MALLOC_ARENA_MAX": "2"})
            )
            for core in _CORES
        ]
        calls = Calls(*ends)
        for step in steps:
            try:
                await calls.add(step - (found[-1].calls if found else 0), codec, keeps=False)
                await calls.both("measure", seconds=2.0)  # what setting up has left behind
                replies = [
                    reply
                    for _ in range(_TIMES)
                    for reply in await calls.both("measure", seconds=seconds / _TIMES)
                ]
            except WorkerError:
                break  # they cannot even be set up
            found.append(
                Load(
                    calls=step,
                    core_percent=median(each["core_percent"] for each in replies),
                    late_share=sum(each["late"] for each in replies)
                    / max(1, sum(each["frames"] for each in replies)),
                    memory_kb=median(each["memory_kb"] for each in replies),
                )
            )
    return found


def most(found: Sequence[Load]) -> int:
    """The largest number of calls whose frames were in time; 0 if there is none."""
    return max((each.calls for each in found if each.late_share <= LATE_SHARE), default=0)


def memory_per_call_kb(found: Sequence[Load]) -> float | None:
    """What one call more takes, from the first and the last step."""
    if len(found) < 2:
        return None
    first, last = found[0], found[-1]
    return (last.memory_kb - first.memory_kb) / (last.calls - first.calls)


async def set_ups(engine: str, count: int) -> SetUp:
    """The median of so many calls, one after another, Opus on loopback."""
    found: list[SetUp] = []
    async with AsyncExitStack() as stack:
        calls = Calls(*[await stack.enter_async_context(crew(engine)) for _ in range(2)])
        for _ in range(count):
            await calls.add(1, "opus", keeps=False)
            (one,) = (await calls.caller.do("first_heard"))["set_ups"]
            found.append(SetUp(**one))
            await calls.both("close")
    return SetUp(
        connected_ms=median(each.connected_ms for each in found),
        heard_ms=median(each.heard_ms for each in found),
    )
