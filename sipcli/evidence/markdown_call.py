"""The figures of one call as Markdown: totals, their course over time, ICE."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from sipcli.evidence.markdown_text import details, escaped, table
from sipcli.evidence.report_content import CallContent, IceContent
from sipcli.media.pcm import FRAME_S
from sipcli.phone.events import CallStats

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_UNKNOWN: Final = " "
MAX_COLUMNS: Final = 60


def call_figures(call: CallContent) -> Iterator[str]:
    """Yield the figures of the whole call, if it had media."""
    if call.stats is not None:
        shown = tuple(_figures(call.stats))
        yield table([name for name, _ in shown], [[value for _, value in shown]])


def _figures(stats: CallStats) -> Iterator[tuple[str, str]]:
    yield "codec", escaped(stats.codec or "–")
    yield "sent", f"{stats.packets_sent}"
    yield "received", f"{stats.packets_received}"
    yield "lost", f"{stats.packets_lost} ({stats.loss_percent:g} %)"
    yield "late", f"{stats.packets_late}"
    yield "concealed", f"{stats.packets_concealed * FRAME_S * 1000:.0f} ms"
    yield "jitter", f"{stats.jitter_ms:g} ms"
    yield "delay", f"{stats.playout_delay_ms:g} ms"
    yield "round trip", _known(stats.rtt_ms, " ms")
    yield "level sent", f"{stats.level_sent_dbfs:g} dBFS"
    yield "level received", f"{stats.level_received_dbfs:g} dBFS"
    yield "MOS", _known(stats.mos)
    yield "far end: lost", _known(stats.remote_loss_percent, " %")


def _known(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:g}{unit}"


def call_samples(call: CallContent) -> Iterator[str]:
    """Yield the course of the figures over time, a character for each part of the call."""
    points = call.samples
    if len(points) < 2:
        return
    series: tuple[tuple[str, str, float, float, list[float | None]], ...] = (
        ("loss", "%", 0, 10, [point.loss_percent for point in points]),
        ("concealed", "ms", 0, 100, [point.concealed_ms for point in points]),
        ("recovered", "ms", 0, 100, [point.recovered_ms for point in points]),
        ("jitter", "ms", 0, 30, [point.jitter_ms for point in points]),
        ("playout delay", "ms", 0, 200, [point.playout_delay_ms for point in points]),
        ("level sent", "dBFS", -60, 0, [point.level_sent_dbfs for point in points]),
        ("level received", "dBFS", -60, 0, [point.level_received_dbfs for point in points]),
        ("MOS", "", 1, 4.5, [point.mos for point in points]),
    )
    rows = [
        (name, f"`{sparkline(values, bottom, top)}`", *_range(known), unit)
        for name, unit, bottom, top, values in series
        if (known := [value for value in values if value is not None])
    ]
    lasted = (points[-1].at_ms - points[0].at_ms) / 1000
    text = table(("figure", f"over {lasted:.0f} s", "least", "most", ""), rows)
    yield details("Over time", text)


def _range(values: Sequence[float]) -> tuple[str, str]:
    return f"{min(values):.4g}", f"{max(values):.4g}"


def sparkline(values: Sequence[float | None], bottom: float, top: float) -> str:
    """Return a character for each value, or for each of `MAX_COLUMNS` parts the greatest of it.

    The scale goes from `bottom` to `top`, or higher if a value does.
    """
    parts = min(len(values), MAX_COLUMNS)
    bounds = [len(values) * number // parts for number in range(parts + 1)]
    columns = [
        max((value for value in values[begin:end] if value is not None), default=None)
        for begin, end in pairwise(bounds)
    ]
    top = max(top, *(value for value in columns if value is not None), bottom)
    return "".join(_block(value, bottom, top) for value in columns)


def _block(value: float | None, bottom: float, top: float) -> str:
    if value is None:
        return _UNKNOWN
    share = max(value - bottom, 0.0) / (top - bottom)
    return _BLOCKS[min(int(share * len(_BLOCKS)), len(_BLOCKS) - 1)]


def call_ice(call: CallContent) -> Iterator[str]:
    """Yield what ICE has found, each time that it has run."""
    for number, ice in enumerate(call.ice, 1):
        again = f", run {number}" if len(call.ice) > 1 else ""
        yield details(f"ICE candidates and pairs{again}", _ice(ice))


def _ice(ice: IceContent) -> str:
    candidates = [
        *(("ours", escaped(each)) for each in ice.local),
        *(("the far end's", escaped(each)) for each in ice.remote),
    ]
    pairs = [
        (
            "✅" if pair.is_selected else "",
            escaped(pair.local),
            escaped(pair.remote),
            pair.state + (", nominated" if pair.is_nominated else ""),
        )
        for pair in ice.pairs
    ]
    return "\n\n".join(
        (
            table(("candidate of", ""), candidates),
            table(("chosen", "ours", "the far end's", "state"), pairs),
        )
    )
