"""The tables of docs/performance.md, as Markdown between two marks."""

import math
import os
import platform
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from scripts.bench.speech import PACKAGE

_PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
_BEGIN: Final = "<!-- {part}: made by `make bench` -->"
_END: Final = "<!-- {part}: up to here -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure beside a peer's and a goal."""

    what: str
    ours: float | None
    stock: float | None
    """Of stock aiortc in the same run."""
    goal: float
    unit: str = ""
    is_floor: bool = False
    """Whether the goal is to be at least there; else at most."""
    digits: int = 0
    why: str = ""
    """Why there is no figure of ours."""

    def line(self) -> str:
        """Of the table."""
        relation = "≥" if self.is_floor else "≤"
        goal = f"{relation} {self.goal:.{self.digits}f} {self.unit}".strip()
        if self.ours is None:
            return f"| {self.what} | not run: {self.why} | {self._shown(self.stock)} | {goal} | |"
        met = self.ours >= self.goal if self.is_floor else self.ours <= self.goal
        mark = "met" if met else "**short**"
        shown = f"{self.ours:.{self.digits}f} {self.unit}".strip()
        return f"| {self.what} | {shown} | {self._shown(self.stock)} | {goal} | {mark} |"

    def _shown(self, figure: float | None) -> str:
        if figure is None or math.isnan(figure):
            return "–"
        return f"{figure:.{self.digits}f} {self.unit}".strip()


def say(text: str) -> None:
    """What is being done, for who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def rows(title: str, found: Sequence[Row]) -> list[str]:
    """A table of such rows."""
    head = "| | sipcli | stock aiortc, same run | goal | |"
    return [f"### {title}", "", head, "|---|---|---|---|---|", *(row.line() for row in found), ""]


def table(title: str, heads: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Any other table."""
    body = (f"| {' | '.join(line)} |" for line in lines)
    return [f"### {title}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *body, ""]


def preamble(how: str) -> list[str]:
    """Where and when this was measured."""
    cores = os.cpu_count()
    today = datetime.now(UTC).date()
    load = os.getloadavg()[1]
    text = (
        f"Measured on {today} with `{how}`: {platform.machine()}, {cores} shared cores, Python"
        f" {platform.python_version()}, load average {load:.1f} before it began. The speech is"
        f" from Debian's package `{PACKAGE}`."
    )
    return [*textwrap.wrap(text, 100, break_on_hyphens=False, break_long_words=False), ""]


def write(part: str, lines: Iterable[str]) -> None:
    """Put them into the page, in place of what was measured of this part before."""
    begin, end = _BEGIN.format(part=part), _END.format(part=part)
    before, _, rest = _PAGE.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    body = "\n".join(lines).strip()
    _PAGE.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", "utf-8")
