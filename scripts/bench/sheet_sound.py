"""The tables of delay and quality, beside stock aiortc over the same networks."""

import os
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from statistics import median
from typing import Final

from scripts.bench.extent import BURSTS, JITTER, JITTER_AND_LOSS, LOSSES, NEAR_JITTER, Extent
from scripts.bench.network import CLEAN, Impairment
from scripts.bench.rows_sound import relayed
from scripts.bench.scores import Score
from scripts.bench.tables import Row, rows, say

Scores = dict[Impairment, Score]

_AT_ONCE: Final = 5
"""Calls at a time: what goes wrong shall be the network's fault, not the processor's."""
_DELAYS: Final = (
    ("mouth to ear, p50", CLEAN, "delay_ms", 50.0),
    ("the same, p95", CLEAN, "delay_95_ms", 55.0),
    ("at 2 % loss, p95", LOSSES[0], "delay_95_ms", 75.0),
    ("at 5 % loss, p95", LOSSES[1], "delay_95_ms", 75.0),
    ("a network of 20±20 ms, p50", NEAR_JITTER, "delay_ms", 100.0),
    ("a network of 40±20 ms, p50", JITTER, "delay_ms", 110.0),
    ("a network of 40±20 ms and 5 % loss, p50", JITTER_AND_LOSS, "delay_ms", 115.0),
)
_WIDE_BAND: Final = {
    CLEAN: 4.4,
    **dict(zip(LOSSES, (4.25, 4.1, 3.7, 2.8), strict=True)),
    BURSTS: 3.4,
    JITTER: 4.4,
    JITTER_AND_LOSS: 4.0,
}
_NARROW_BAND: Final = {CLEAN: 4.2, **dict(zip(LOSSES[:3], (3.7, 3.3, 2.8), strict=True))}


async def sheet(extent: Extent) -> list[str]:
    """All of them."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        opus, pcmu = [
            [await _scores(engine, codec, extent, pool) for engine in ("sipcli", "aiortc")]
            for codec in ("opus", "pcmu")
        ]
    delays = [
        Row(
            what=what,
            ours=getattr(opus[0][network], figure),
            stock=getattr(opus[1][network], figure),
            goal=goal,
            unit="ms",
        )
        for what, network, figure, goal in _DELAYS
        if network in opus[0]
    ]
    return [
        *rows("Delay, Opus, files in and out", delays),
        *rows("PESQ-WB, Opus, real speech", _pesq_rows(opus[0], opus[1], _WIDE_BAND)),
        *rows("PESQ-NB, PCMU, real speech", _pesq_rows(pcmu[0], pcmu[1], _NARROW_BAND)),
    ]


async def _scores(engine: str, codec: str, extent: Extent, pool: Executor) -> Scores:
    """Over the networks of a codec: of each figure the median of the runs."""
    networks = extent.opus if codec == "opus" else extent.pcmu
    found: dict[Impairment, list[Score]] = {network: [] for network in networks}
    for run in range(extent.runs if engine == "sipcli" else 1):
        for first in range(0, len(networks), _AT_ONCE):
            part = networks[first : first + _AT_ONCE]
            say(f"sound: {engine}, {codec}, run {run + 1}, {len(part)} networks")
            scores = await relayed(
                engine, codec, part, seconds=extent.seconds, seed=1 + run, first=first, pool=pool
            )
            for network, score in zip(part, scores, strict=True):
                found[network].append(score)
    return {network: _middle(scores) for network, scores in found.items()}


def _middle(scores: Sequence[Score]) -> Score:
    """The median of each figure."""
    pesq = [each.pesq for each in scores if each.pesq is not None]
    return Score(
        pesq=median(pesq) if pesq else None,
        stoi=median(each.stoi for each in scores),
        delay_ms=median(each.delay_ms for each in scores),
        delay_95_ms=median(each.delay_95_ms for each in scores),
    )


def _pesq_rows(ours: Scores, stock: Scores, goals: dict[Impairment, float]) -> list[Row]:
    return [
        Row(
            what=str(network),
            ours=ours[network].pesq,
            stock=stock[network].pesq,
            goal=goal,
            is_floor=True,
            digits=2,
            why="the package pesq is not installed",
        )
        for network, goal in goals.items()
        if network in ours
    ]
