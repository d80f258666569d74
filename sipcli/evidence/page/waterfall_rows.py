"""The waterfall as rows: where each bar begins and ends on an axis that all of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from sipcli.evidence.page.scale import Scale, Tick, time_ticks
from sipcli.evidence.waterfall import PhaseBar, Waterfall


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallRow:
    """A phase, or one attempt at it."""

    bar: PhaseBar
    is_blamed: bool
    """It is the failure of the phase that failed."""
    begin: float
    """Percent of the axis; 0 if it was not reached."""
    width: float
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
    times = [time for bar in bars for time in (bar.begin_ms, bar.end_ms) if time is not None]
    scale = Scale(min(times, default=0.0) / 1000, max(times, default=1.0) / 1000)
    failed = {each.failed for each in waterfalls} - {None}
    return WaterfallRows(
        rows=tuple(
            _row(bar, scale, bar.phase in failed, None if bar.server == above else bar.server)
            for above, bar in zip([None, *(bar.server for bar in bars)], bars, strict=False)
        ),
        ticks=time_ticks(scale) if times else (),
        left_out=sum(each.left_out for each in waterfalls),
    )


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
        return WaterfallRow(bar=bar, is_blamed=False, begin=0.0, width=0.0, server=server, took="")
    begin = scale.percent(bar.begin_ms / 1000)
    return WaterfallRow(
        bar=bar,
        is_blamed=may_be_blamed and bar.state == "failed",
        begin=begin,
        width=round(scale.percent(bar.end_ms / 1000) - begin, 3),
        server=server,
        took=duration(lasted),
    )
