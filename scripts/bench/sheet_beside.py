"""The table beside Chromium: the same calls over the same networks, point by point."""

import os
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Final

from scripts.bench.extent import Extent
from scripts.bench.fleet import WorkerError
from scripts.bench.link import available
from scripts.bench.network import Impairment
from scripts.bench.rows_sound import linked
from scripts.bench.scores import Score
from scripts.bench.tables import say, table
from tests.realpeer import browser

_TITLE: Final = "Beside Chromium"
_AT_ONCE: Final = {"sipcli": 7, "chromium": 3}
_SEED: Final = 7
_SAME_PESQ: Final = 0.05
_SAME_MS: Final = 2.0
"""What two runs of the same call differ by."""


async def sheet(extent: Extent) -> list[str]:
    """All of it, or why there is none."""
    why = available() or (None if browser.installed() else browser.INSTALL)
    if why is not None:
        return _none(why)
    try:
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            ours = await _scores("sipcli", extent, pool)
            theirs = await _scores("chromium", extent, pool)
    except (OSError, WorkerError) as error:
        return _none(str(error))
    heads = (
        "network",
        "PESQ-WB: sipcli",
        "Chromium",
        "mouth to ear, p50 / p95: sipcli",
        "Chromium",
        "",
    )
    return table(_TITLE, heads, map(_line, extent.beside, ours, theirs))


async def _scores(engine: str, extent: Extent, pool: Executor) -> list[Score]:
    found: list[Score] = []
    while len(found) < len(extent.beside):
        first = len(found)
        part = extent.beside[first : first + _AT_ONCE[engine]]
        say(f"beside Chromium: {engine}, {', '.join(map(str, part))}")
        found += await linked(
            engine, part, seconds=extent.seconds, seed=_SEED, first=first, pool=pool
        )
    return found


def _line(network: Impairment, one: Score, other: Score) -> Sequence[str]:
    shown = [
        *("–" if each.pesq is None else f"{each.pesq:.2f}" for each in (one, other)),
        *(f"{each.delay_ms:.0f} / {each.delay_95_ms:.0f} ms" for each in (one, other)),
    ]
    better = (one.pesq or 0) >= (other.pesq or 0) - _SAME_PESQ
    sooner = one.delay_ms <= other.delay_ms + _SAME_MS
    verdict = {
        (True, True): "level or ahead",
        (True, False): "**later**",
        (False, True): "**worse**",
        (False, False): "**behind**",
    }[better, sooner]
    return str(network), *shown, verdict


def _none(why: str) -> list[str]:
    return [f"### {_TITLE}", "", f"Not run: {why}.", ""]
