"""The waterfall as rows: where each bar begins and ends on an axis that all of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sipcli.evidence.page.scale import Scale, Tick, time_ticks
from sipcli.evidence.waterfall import PhaseBar, Waterfall

_THINNEST: Final = 0.2
"""Percent of the axis: a bar of no width would not be drawn."""
_LONG: Final = 4.0
"""Times as long as all others until its begin: a last bar that ends later is cut."""
_SHOWN: Final = 1.5
"""Times as long as all others: where it is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallRow:
    """A phase, or one attempt at it."""

    bar: PhaseBar
    is_blamed: bool
    """It is the failure of the phase that failed."""
    begin: float
    """Percent of the axis; 0 if it was not reached."""
    width: float
    is_cut: bool
    """It lasts beyond the end of the axis."""
    server: str | None
    """The URI of the server, where it is not that of the row before."""
    took: str
    """`12 ms`; empty if it was not reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallRows:
    """All rows, and their axis."""

    rows: tuple[WaterfallRow, ...]
    ticks: tuple[Tick, ...]
    left_out: int
    """Bars that there is no room for."""


def waterfall_rows(waterfalls: Sequence[Waterfall]) -> WaterfallRows:
    """Return the rows of several waterfalls on one axis, as one follows the other in time."""
    bars = list(chain.from_iterable(each.bars for each in waterfalls))
    reached = [
        (bar.begin_ms / 1000, bar.end_ms / 1000)
        for bar in bars
        if bar.begin_ms is not None and bar.end_ms is not None
    ]
    scale = _scale(reached)
    failed = {each.failed for each in waterfalls} - {None}
    return WaterfallRows(
        rows=tuple(
            _row(bar, scale, bar.phase in failed, None if bar.server == above else bar.server)
            for above, bar in zip([None, *(bar.server for bar in bars)], bars, strict=False)
        ),
        ticks=time_ticks(scale) if reached else (),
        left_out=sum(each.left_out for each in waterfalls),
    )


def _scale(spans: Sequence[tuple[float, float]]) -> Scale:
    """Return the axis: as long as the bars, unless the last alone would leave no room for others.

    So it is where a whole call was too quiet: that phase lasts as long as the call.
    """
    if not spans:
        return Scale(0.0, 1.0)
    low = min(begin for begin, _ in spans)
    *before, (last_begin, high) = sorted(spans, key=lambda span: span[1])
    others = max((end for _, end in before), default=high) - low
    if last_begin - low >= 0.9 * others and high - low > _LONG * others > 0:
        return Scale(low, low + _SHOWN * others)
    return Scale(low, high)


def duration(ms: float) -> str:
    """Return a time that something took, for a person: `0.4 ms`, `12 ms`, `1.35 s`, `2:05 min`."""
    if ms < 0.05:
        return "< 0.1 ms"
    if ms < 1:
        return f"{ms:.1f} ms"
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 180_000:
        return f"{ms / 1000:.3g} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes}:{seconds:02} min"


def _row(bar: PhaseBar, scale: Scale, may_be_blamed: bool, server: str | None) -> WaterfallRow:
    lasted = bar.duration_ms
    if bar.begin_ms is None or bar.end_ms is None or lasted is None:
        return WaterfallRow(
            bar=bar, is_blamed=False, begin=0.0, width=0.0, is_cut=False, server=server, took=""
        )
    begin = scale.percent(bar.begin_ms / 1000)
    return WaterfallRow(
        bar=bar,
        is_blamed=may_be_blamed and bar.state == "failed",
        begin=begin,
        width=max(_THINNEST, round(scale.percent(bar.end_ms / 1000) - begin, 3)),
        is_cut=bar.end_ms / 1000 > scale.high,
        server=server,
        took=duration(lasted),
    )
