"""`python -m scripts.bench`: measure everything, and write docs/performance.md."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Final

from scripts.bench import rows_device, speech
from scripts.bench.link import available
from scripts.bench.network import CLEAN, Impairment
from scripts.bench.rows_cost import Load, loads, memory_per_call_kb, most, set_ups
from scripts.bench.rows_sound import linked, relayed
from scripts.bench.scores import Score
from scripts.bench.tables import Row, preamble, rows, table, write
from tests.realpeer import browser

JITTER: Final = Impairment(delay_ms=40, jitter_ms=20)
JITTER_AND_LOSS: Final = Impairment(loss_percent=5, delay_ms=40, jitter_ms=20)
BURSTS: Final = Impairment(loss_percent=5, burst=3)
OPUS: Final = (
    CLEAN,
    *(Impairment(loss_percent=loss) for loss in (2, 5, 10, 20)),
    BURSTS,
    JITTER,
    JITTER_AND_LOSS,
)
PCMU: Final = (CLEAN, *(Impairment(loss_percent=loss) for loss in (2, 5, 10)))
GRID: Final = (
    *(
        Impairment(loss_percent=loss, delay_ms=40 if jitter else 0, jitter_ms=jitter)
        for jitter in (0, 20, 40)
        for loss in (0, 2, 5, 10)
    ),
    BURSTS,
)
"""What Chromium is compared over, point by point."""
NETWORK_MS: Final = 40
"""What the delay of the networks with jitter is: it is no fault of either end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured."""

    runs: int
    seconds: float
    set_ups: int
    steps: dict[tuple[str, str], tuple[int, ...]]
    load_s: float
    at_once: int
    """Calls between browsers at the same time."""
    grid: Sequence[Impairment]


FULL: Final = Extent(
    runs=1,
    seconds=50.0,
    set_ups=11,
    steps={
        ("sipcli", "opus"): (1, 10, 30, 40, 50, 60),
        ("sipcli", "pcmu"): (1, 10, 30, 60, 80, 100, 120),
        ("aiortc", "opus"): (1, 5, 10, 15, 20, 25, 30),
        ("aiortc", "pcmu"): (1, 10, 20, 30, 40),
    },
    load_s=6.0,
    at_once=3,
    grid=GRID,
)
QUICK: Final = Extent(
    runs=1,
    seconds=18.0,
    set_ups=5,
    steps={
        ("sipcli", "opus"): (1, 10, 30),
        ("sipcli", "pcmu"): (1, 10, 30),
        ("aiortc", "opus"): (1, 10),
        ("aiortc", "pcmu"): (1, 10),
    },
    load_s=4.0,
    at_once=3,
    grid=GRID[:4:2],
)

Scores = dict[Impairment, Score]


def say(text: str) -> None:
    """What is being done, for who waits."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - it is a program


async def sound(engine: str, codec: str, extent: Extent, pool: Executor) -> Scores:
    """Scores over the networks of a codec: of each figure the median of the runs."""
    networks = OPUS if codec == "opus" else PCMU
    # Stock aiortc bears few calls; what it gets wrong shall not be the processor's fault.
    parts = [networks] if engine == "sipcli" else [networks[:4], networks[4:]]
    found: Scores = {}
    for part in filter(None, parts):
        runs = []
        for run in range(extent.runs):
            say(f"sound: {engine}, {codec}, {len(part)} networks, run {run + 1}")
            runs.append(
                await relayed(engine, codec, part, seconds=extent.seconds, seed=1 + run, pool=pool)
            )
        found |= {network: middle(scores) for network, *scores in zip(part, *runs, strict=True)}
    return found


def middle(scores: Sequence[Score]) -> Score:
    """The median of each figure."""
    pesq = [each.pesq for each in scores if each.pesq is not None]
    mos = [each.mos for each in scores if each.mos is not None]
    return Score(
        pesq=median(pesq) if pesq else None,
        stoi=median(each.stoi for each in scores),
        delay_ms=median(each.delay_ms for each in scores),
        delay_95_ms=median(each.delay_95_ms for each in scores),
        mos=median(mos) if mos else None,
    )


def delay_rows(ours: Scores, stock: Scores) -> list[Row]:
    """Mouth to ear, the network's own delay taken off."""

    def row(what: str, network: Impairment, figure: str, goal: float) -> Row:
        one, other = (getattr(each[network], figure) - network.delay_ms for each in (ours, stock))
        return Row(what=what, ours=one, stock=other, goal=goal, unit="ms")

    return [
        row("mouth to ear, no impairment, p50", CLEAN, "delay_ms", 50),
        row("the same, p95", CLEAN, "delay_95_ms", 55),
        row("at 2 % loss, p95", Impairment(loss_percent=2), "delay_95_ms", 75),
        row("at 5 % loss, p95", Impairment(loss_percent=5), "delay_95_ms", 75),
        row("with ±20 ms of jitter, p95", JITTER, "delay_95_ms", 100),
        row("with ±20 ms of jitter and 5 % loss, p95", JITTER_AND_LOSS, "delay_95_ms", 115),
    ]


def pesq_rows(ours: Scores, stock: Scores, goals: dict[Impairment, float], band: str) -> list[Row]:
    """How it sounded."""
    return [
        Row(
            what=f"PESQ-{band}, {network}",
            ours=ours[network].pesq,
            stock=stock[network].pesq,
            goal=goal,
            is_floor=True,
            digits=2,
            why="the package pesq is not installed",
        )
        for network, goal in goals.items()
    ]


OPUS_GOALS: Final = dict(zip(OPUS, (4.4, 4.25, 4.1, 3.7, 2.8, 3.4, 4.4, 4.0), strict=True))
PCMU_GOALS: Final = dict(zip(PCMU, (4.2, 3.7, 3.3, 2.8), strict=True))


async def sound_tables(extent: Extent) -> list[str]:
    """Delay and quality, beside stock aiortc."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        opus = [await sound(engine, "opus", extent, pool) for engine in ("sipcli", "aiortc")]
        pcmu = [await sound(engine, "pcmu", extent, pool) for engine in ("sipcli", "aiortc")]
    return [
        *rows("Delay", delay_rows(opus[0], opus[1])),
        *rows("Opus, real speech", pesq_rows(opus[0], opus[1], OPUS_GOALS, "WB")),
        *rows("PCMU, real speech", pesq_rows(pcmu[0], pcmu[1], PCMU_GOALS, "NB")),
    ]


async def cost_table(extent: Extent) -> list[str]:
    """Processor, memory, capacity, set-up, devices."""
    found: dict[tuple[str, str], list[Load]] = {}
    for (engine, codec), steps in extent.steps.items():
        say(f"load: {engine}, {codec}, up to {steps[-1]} calls")
        found[engine, codec] = await loads(engine, codec, steps, seconds=extent.load_s)
    say("set-up")
    ours, stock = [await set_ups(engine, extent.set_ups) for engine in ("sipcli", "aiortc")]
    say("devices")
    why, device = rows_device.missing() or "", None
    if not why:
        try:
            device = await rows_device.device_ms()
        except RuntimeError as error:
            why = str(error)

    def per_call(engine: str, codec: str, calls: int) -> float | None:
        return next(
            (each.core_percent / calls for each in found[engine, codec] if each.calls == calls),
            None,
        )

    def load_row(what: str, calls: int, codec: str, goal: float) -> Row:
        one, other = (per_call(engine, codec, calls) for engine in ("sipcli", "aiortc"))
        why = "they could not be borne"
        return Row(what=what, ours=one, stock=other, goal=goal, unit="%", digits=1, why=why)

    def most_row(codec: str, goal: float) -> Row:
        one, other = (float(most(found[engine, codec])) for engine in ("sipcli", "aiortc"))
        what = f"calls on one core without a late frame, {codec}"
        return Row(what=what, ours=one, stock=other, goal=goal, is_floor=True)

    memory = [memory_per_call_kb(found[engine, "opus"]) for engine in ("sipcli", "aiortc")]
    return rows(
        "Cost",
        [
            load_row("CPU of one Opus call, of a core", 1, "opus", 4.0),
            load_row("CPU of each of 30 Opus calls", 30, "opus", 2.0),
            load_row("CPU of each of 30 PCMU calls", 30, "pcmu", 0.9),
            most_row("opus", 50),
            most_row("pcmu", 100),
            Row(
                what="memory of a further call",
                ours=memory[0] / 1000 if memory[0] is not None else None,
                stock=memory[1] / 1000 if memory[1] is not None else None,
                goal=0.5,
                unit="MB",
                digits=2,
                why="too few calls",
            ),
            Row(
                what="answer to media, loopback",
                ours=ours.connected_ms,
                stock=stock.connected_ms,
                goal=40,
                unit="ms",
            ),
            Row(
                what="answer to the first sound, loopback",
                ours=ours.heard_ms,
                stock=stock.heard_ms,
                goal=80,
                unit="ms",
            ),
            Row(
                what="microphone to loudspeaker (PulseAudio null sinks, blocks of 10 ms)",
                ours=device,
                stock=None,
                goal=100,
                unit="ms",
                why=why,
            ),
        ],
    )


async def chromium_table(extent: Extent) -> list[str]:
    """Sipcli to sipcli beside Chromium to Chromium, over the same networks."""
    title = "Beside Chromium"
    why = available() or (None if browser.installed() else browser.INSTALL)
    if why is not None:
        return [f"### {title}", "", f"Not run: {why}.", ""]
    ours: list[Score] = []
    theirs: list[Score] = []
    how = {"seconds": extent.seconds, "seed": 7}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, len(extent.grid), extent.at_once):
            part = extent.grid[first : first + extent.at_once]
            say(f"beside Chromium: {', '.join(map(str, part))}")
            ours += await linked("sipcli", part, seconds=how["seconds"], seed=7, pool=pool)
            theirs += await linked("chromium", part, seconds=how["seconds"], seed=7, pool=pool)
    lines = [
        (
            str(network),
            *(f"{each.pesq:.2f}" if each.pesq is not None else "–" for each in (one, other)),
            f"{one.delay_ms - network.delay_ms:.0f}",
            f"{other.delay_ms - network.delay_ms:.0f}",
            "ahead or level" if _is_level(one, other) else "**behind**",
        )
        for network, one, other in zip(extent.grid, ours, theirs, strict=True)
    ]
    heads = ("network", "PESQ sipcli", "Chromium", "mouth to ear, ms: sipcli", "Chromium", "")
    return table(title, heads, lines)


def _is_level(one: Score, other: Score) -> bool:
    """As good within what a run of this length tells apart."""
    return (one.pesq or 0) >= (other.pesq or 0) - 0.05 and one.delay_ms <= other.delay_ms + 2


PARTS: Final = {"cost": cost_table, "sound": sound_tables, "chromium": chromium_table}


def main() -> int:
    """Measure, and write it down."""
    options = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="a few minutes, few points")
    options.add_argument("--only", choices=PARTS, action="append", help="this part; repeatable")
    options.add_argument("--print", action="store_true", help="leave docs/performance.md alone")
    chosen = options.parse_args()
    if not speech.installed():
        say(speech.INSTALL)
        return 1
    command = "python -m scripts.bench" + (" --quick" if chosen.quick else "")
    for part in chosen.only or PARTS:
        before = preamble(f"{command} --only {part}")
        lines = before + asyncio.run(PARTS[part](QUICK if chosen.quick else FULL))
        if chosen.print:
            print("\n".join(lines))  # noqa: T201 - it is a program
        else:
            write(part, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
