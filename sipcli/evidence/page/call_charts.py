"""The charts of a call: what was lost and mended, jitter and delay, levels, MOS."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from sipcli.evidence.page.chart import Chart, Series, chart
from sipcli.evidence.page.scale import Scale, value_scale
from sipcli.evidence.report_content import CallContent, SamplePoint
from sipcli.media.quality.level import AUDIBLE_DBFS, FLOOR_DBFS

_MOS_BANDS: Final = (
    (4.03, 5.0, "satisfied"),
    (3.6, 4.03, "some dissatisfied"),
    (3.1, 3.6, "many dissatisfied"),
    (1.0, 3.1, "nearly all dissatisfied"),
)
"""What users say at that score (ITU-T G.107 Annex B)."""

_NEAR_ZERO: Final = 0.1
"""A call that begins in this first share of the axis leaves room for its zero."""


def call_charts(call: CallContent, key: str) -> tuple[Chart, ...]:
    """Return the charts of a call, none if no figures were sampled; keys begin with `key`."""
    points = call.samples
    if not points:
        return ()
    times = [point.at_ms / 1000 for point in points]
    x = time_axis(call)
    charts = [
        _losses(points, times, x, key),
        _mended(points, times, x, key),
        _jitter(points, times, x, key),
        _delay(points, times, x, key),
        _level("heard", "Level of what was heard", _heard(points), times, x, key),
        _level("sent", "Level of what was sent", _sent(points), times, x, key),
    ]
    if any(point.remote_loss_percent is not None for point in points):
        charts.append(_remote_loss(points, times, x, key))
    if points[-1].mos is not None:
        charts.append(_mos(points, times, x, key))
    return tuple(charts)


def time_axis(call: CallContent) -> Scale:
    """Return the axis of time of all that is shown of a call, in seconds since the run began."""
    begin_s, end_s = call.begin_ms / 1000, call.end_ms / 1000
    if call.samples:
        end_s = max(end_s, call.samples[-1].at_ms / 1000)
    return Scale(0.0 if begin_s < _NEAR_ZERO * end_s else begin_s, end_s)


def _losses(points: Sequence[SamplePoint], times: list[float], x: Scale, key: str) -> Chart:
    lost: list[float | None] = [point.lost for point in points]
    late: list[float | None] = [point.late for point in points]
    empty = sum(point.packets_received == 0 for point in points)
    return chart(
        f"{key}-lost",
        "Packets lost or late",
        "",
        times,
        (
            Series(name="lost", values=lost, kind="bars"),
            Series(name="too late to be played", values=late, kind="bars"),
        ),
        x=x,
        y=value_scale(0, max(5.0, _highest([point.lost + point.late for point in points]))),
        remark=f"In {empty} of {len(points)} intervals no packet was received" * (empty > 0),
    )


def _mended(points: Sequence[SamplePoint], times: list[float], x: Scale, key: str) -> Chart:
    concealed: list[float | None] = [point.concealed_ms for point in points]
    recovered: list[float | None] = [point.recovered_ms for point in points]
    return chart(
        f"{key}-mended",
        "What was done about it",
        "ms",
        times,
        (
            Series(name="concealed", values=concealed, kind="bars"),
            Series(name="recovered from copies", values=recovered, kind="bars"),
        ),
        x=x,
        y=value_scale(
            0, max(20.0, _highest([point.concealed_ms + point.recovered_ms for point in points]))
        ),
    )


def _jitter(points: Sequence[SamplePoint], times: list[float], x: Scale, key: str) -> Chart:
    ours = _once_received(points, [point.jitter_ms for point in points])
    theirs = [point.remote_jitter_ms for point in points]
    return chart(
        f"{key}-jitter",
        "Jitter",
        "ms",
        times,
        (
            Series(name="of what we receive", values=ours, digits=1),
            Series(name="of what we send, as reported", values=theirs, digits=1),
        ),
        x=x,
        y=value_scale(0, max(10.0, _highest(ours, theirs))),
    )


def _delay(points: Sequence[SamplePoint], times: list[float], x: Scale, key: str) -> Chart:
    playout = _once_received(points, [point.playout_delay_ms for point in points])
    round_trip = [point.rtt_ms for point in points]
    return chart(
        f"{key}-delay",
        "Delay",
        "ms",
        times,
        (
            Series(name="from arrival to playing", values=playout),
            Series(name="round trip", values=round_trip, digits=1),
        ),
        x=x,
        y=value_scale(0, max(50.0, _highest(playout, round_trip))),
    )


def _remote_loss(points: Sequence[SamplePoint], times: list[float], x: Scale, key: str) -> Chart:
    lost = [point.remote_loss_percent for point in points]
    return chart(
        f"{key}-remote-loss",
        "Loss of what we send",
        "%",
        times,
        (Series(name="as the far end reports it", values=lost, digits=1),),
        x=x,
        y=value_scale(0, max(5.0, _highest(lost))),
    )


def _level(
    name: str, title: str, levels: list[float | None], times: list[float], x: Scale, key: str
) -> Chart:
    silent = sum(level is not None and level <= AUDIBLE_DBFS for level in levels)
    return chart(
        f"{key}-{name}",
        title,
        "dBFS",
        times,
        (Series(name=name, values=levels, kind="area"),),
        x=x,
        y=Scale(-80.0, 0.0),
        limits=((AUDIBLE_DBFS, AUDIBLE_DBFS, "audible above"),),
        remark=f"{silent} of {len(levels)} points are below −{-AUDIBLE_DBFS:.0f} dBFS"
        * (silent > 0),
    )


def _once_received(points: Sequence[SamplePoint], values: list[float]) -> list[float | None]:
    """Return the values as not known up to the first packet: they are 0 until then."""
    received = accumulate(point.packets_received for point in points)
    return [value if so_far else None for value, so_far in zip(values, received, strict=True)]


def _heard(points: Sequence[SamplePoint]) -> list[float | None]:
    return [max(FLOOR_DBFS, point.level_received_dbfs) for point in points]


def _sent(points: Sequence[SamplePoint]) -> list[float | None]:
    return [max(FLOOR_DBFS, point.level_sent_dbfs) for point in points]


def _mos(points: Sequence[SamplePoint], times: list[float], x: Scale, key: str) -> Chart:
    return chart(
        f"{key}-mos",
        "MOS of the call so far",
        "",
        times,
        (Series(name="MOS", values=[point.mos for point in points], digits=2),),
        x=x,
        y=Scale(1.0, 5.0),
        limits=_MOS_BANDS,
    )


def _highest(*series: Sequence[float | None]) -> float:
    return max((value for each in series for value in each if value is not None), default=0.0)
