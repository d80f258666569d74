"""Charts as values: series of numbers become the paths of an SVG, and words that say the same.

A template (`templates/chart.html.jinja`) draws them. Paths have the coordinates of a box that is
1000 wide and 100 high, and is stretched to whatever room there is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, TypeAlias

from sipcli.evidence.page.scale import Scale, Tick, minus, time_ticks, value_ticks

SeriesKind: TypeAlias = Literal["line", "bars", "area"]

_WIDTH: Final = 10.0
"""Units of a path's box in a percent of its width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure over time."""

    name: str
    values: Sequence[float | None]
    """One for each time of the chart; None is a gap. Bars stand on those of earlier series."""
    digits: int = 0
    """Decimals that are worth telling."""
    kind: SeriesKind = "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSeries:
    """A series as a path."""

    name: str
    kind: SeriesKind
    path: str
    summary: str
    """`3 to 41 ms, median 5`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A range of values that has a name, or a limit that values are compared with."""

    top: float
    """Percent from the top of the chart, like the next one."""
    bottom: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart, ready to be drawn, and what it shows in words."""

    key: str
    """Unique on the page."""
    title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    """From the bottom."""
    drawn: tuple[DrawnSeries, ...]
    bands: tuple[Band, ...] = ()
    remark: str = ""
    """What else is worth knowing about it; may be empty."""

    @property
    def description(self) -> str:
        """What the chart shows, for those who cannot see it."""
        told = ". ".join(f"{each.name}: {each.summary}" for each in self.drawn)
        return f"{told}. {self.remark}".strip()


def chart(
    key: str,
    title: str,
    unit: str,
    times: Sequence[float],
    series: Iterable[Series],
    *,
    x: Scale,
    y: Scale,
    limits: Iterable[tuple[float, float, str]] = (),
    remark: str = "",
) -> Chart:
    """Return a chart of series over `times` (s); `limits` are the bands: low, high, label."""
    drawn = []
    base = [0.0] * len(times)  # what the bars stand on
    for each in series:
        drawn.append(_drawn(each, unit, times, base, x, y))
        if each.kind == "bars":
            base = [low + (value or 0.0) for low, value in zip(base, each.values, strict=True)]
    return Chart(
        key=key,
        title=title,
        x_ticks=time_ticks(x),
        y_ticks=value_ticks(y, unit=unit),
        drawn=tuple(drawn),
        bands=tuple(
            Band(top=100 - y.percent(high), bottom=100 - y.percent(low), label=label)
            for low, high, label in limits
        ),
        remark=remark,
    )


def summary(series: Series, unit: str) -> str:
    """Say in a few words what the values are: `3 to 41 ms, median 5`, or of bars their sum."""
    known = [value for value in series.values if value is not None]
    if not known:
        return "not known"
    low, high, middle = (
        minus(f"{value:.{series.digits}f}") for value in (min(known), max(known), median(known))
    )
    if series.kind == "bars":
        told = f"{sum(known):.{series.digits}f} {unit}".strip()
        return f"{told}, at most {high} at a time" if max(known) > 0 else told
    if low == high:
        return f"{low} {unit}".strip()
    return f"{low} to {high} {unit}".strip() + f", median {middle}"


def _drawn(
    series: Series, unit: str, times: Sequence[float], base: Sequence[float], x: Scale, y: Scale
) -> DrawnSeries:
    if series.kind == "bars":
        room = _WIDTH * 100 / max(len(times), 1)
        bars = zip(times, base, series.values, strict=True)
        path = "".join(
            _bar(_WIDTH * x.percent(time), y.percent(low), y.percent(low + value), 0.7 * room)
            for time, low, value in bars
            if value
        )
    else:
        points = [
            None if value is None else (_WIDTH * x.percent(time), 100 - y.percent(value))
            for time, value in zip(times, series.values, strict=True)
        ]
        closed = series.kind == "area"
        path = "".join(_run(run, closed=closed) for run in _runs(points))
    return DrawnSeries(
        name=series.name,
        kind=series.kind,
        path=path,
        summary=summary(series, unit),
    )


_Point: TypeAlias = tuple[float, float]


def _runs(points: Iterable[_Point | None]) -> Iterable[list[_Point]]:
    """Split at the gaps."""
    run: list[_Point] = []
    for point in points:
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _run(run: Sequence[_Point], *, closed: bool) -> str:
    """Return a line through the points; a lone one is a dot. A closed one stands on the floor."""
    line = "L".join(_place(*point) for point in run)
    if closed:
        return f"M{_place(run[0][0], 100)}L{line}L{_place(run[-1][0], 100)}Z"
    return f"M{line}h0" if len(run) == 1 else f"M{line}"


def _bar(x: float, low: float, high: float, width: float) -> str:
    """Return a bar from `low` to `high` percent, which ends when its figure was taken."""
    return f"M{_place(x - width, 100 - low)}V{100 - high:.4g}h{width:.4g}V{100 - low:.4g}Z"


def _place(x: float, y: float) -> str:
    return f"{x:.5g} {y:.4g}"
