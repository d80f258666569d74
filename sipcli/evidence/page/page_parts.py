"""The parts of the page: the connections with their messages, and each call.

A report of one call, or of none, is one part: the phases and messages of the connection and of the
call belong together there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipcli.evidence.page.call_charts import call_charts, time_axis
from sipcli.evidence.page.chart import Chart
from sipcli.evidence.page.ladder_rows import LadderRows, ladder_rows
from sipcli.evidence.page.spectrogram_picture import SpectrogramPicture, spectrogram_picture
from sipcli.evidence.page.waterfall_rows import WaterfallRows, duration, waterfall_rows
from sipcli.evidence.report_content import (
    CallContent,
    JudgedExpectation,
    ReportContent,
    ReportedLadder,
)
from sipcli.evidence.report_ladder import merged_ladder
from sipcli.evidence.waterfall import Fact, PhaseBar, Waterfall

_LONGEST_GAP_MS: Final = 10_000.0
"""A call that comes later has an axis of its own: its phases would be too small to see."""
_WORST_FIRST: Final = {"failed": 0, "unknown": 1, "passed": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePart:
    """What the page shows of the connections, of a call, or of both."""

    key: str
    """Unique on the page."""
    title: str
    """Empty for the only part."""
    call: CallContent | None
    expectations: tuple[JudgedExpectation, ...]
    """The worst first. Of the only part, the page has them in front of it."""
    figures: tuple[Fact, ...]
    """The call in numbers."""
    waterfalls: tuple[WaterfallRows, ...]
    """Each with an axis of its own."""
    ladder: LadderRows
    charts: tuple[Chart, ...]
    spectrogram: SpectrogramPicture | None
    learnt: tuple[PhaseBar, ...]
    """Steps that taught us something: addresses, certificates, ciphers."""


def page_parts(content: ReportContent) -> tuple[PagePart, ...]:
    """Return the parts, in the order of the page."""
    if len(content.calls) <= 1:
        return (_only_part(content, *content.calls),)
    calls = (
        _part(
            f"call-{number}",
            f"Call {number} of {len(content.calls)}: {call.remote}",
            call.expectations,
            [call.waterfall],
            [call.ladder],
            call,
        )
        for number, call in enumerate(content.calls, 1)
    )
    run = _part(
        "run", "Connections and registration", (), [content.waterfall], [content.ladder], None
    )
    return (run, *calls)


def page_expectations(content: ReportContent) -> tuple[JudgedExpectation, ...]:
    """Return what the page begins with: the expectations of no call, and those of the only one."""
    of_the_call = content.calls[0].expectations if len(content.calls) == 1 else ()
    return _worst_first(content.expectations + of_the_call)


def _worst_first(expectations: Sequence[JudgedExpectation]) -> tuple[JudgedExpectation, ...]:
    return tuple(sorted(expectations, key=lambda each: _WORST_FIRST[each.result]))


def _only_part(content: ReportContent, call: CallContent | None = None) -> PagePart:
    waterfalls = [content.waterfall] + ([call.waterfall] if call else [])
    ladders = [content.ladder] + ([call.ladder] if call else [])
    return _part("run", "", (), waterfalls, ladders, call)


def _part(
    key: str,
    title: str,
    expectations: Sequence[JudgedExpectation],
    waterfalls: Sequence[Waterfall],
    ladders: Sequence[ReportedLadder],
    call: CallContent | None,
) -> PagePart:
    return PagePart(
        key=key,
        title=title,
        call=call,
        expectations=_worst_first(expectations),
        figures=_figures(call) if call else (),
        waterfalls=_on_axes([each for each in waterfalls if each.bars]),
        ladder=ladder_rows(merged_ladder(ladders)),
        charts=call_charts(call, key) if call else (),
        spectrogram=(
            spectrogram_picture(call.spectrum, time_axis(call))
            if call and call.spectrum and call.spectrum.columns
            else None
        ),
        learnt=tuple(bar for each in waterfalls for bar in each.bars if bar.facts),
    )


def _on_axes(waterfalls: Sequence[Waterfall]) -> tuple[WaterfallRows, ...]:
    """Return the waterfalls on one axis; on one each where much time lies between them."""
    ends = [bar.end_ms for each in waterfalls[:-1] for bar in each.bars if bar.end_ms is not None]
    begins = [bar.begin_ms for each in waterfalls[-1:] for bar in each.bars if bar.begin_ms]
    if ends and begins and min(begins) - max(ends) > _LONGEST_GAP_MS:
        return tuple(waterfall_rows([each]) for each in waterfalls)
    return (waterfall_rows(waterfalls),) if waterfalls else ()


def _figures(call: CallContent) -> tuple[Fact, ...]:
    """Return the figures that a person asks for first; those that are not known are left out."""
    stats = call.stats
    found = [("Talked", duration(1000 * call.duration_s) if call.duration_s else None)]
    if stats is not None:
        if stats.packets_received:  # else these are 0, and say nothing
            found += [
                ("MOS", None if stats.mos is None else f"{stats.mos:.2f}"),
                ("Lost", f"{stats.loss_percent:g} %"),
                ("Late", f"{stats.packets_late}"),
                ("Jitter", f"{stats.jitter_ms:.1f} ms"),
            ]
        found += [
            ("Received", f"{stats.packets_received}"),
            ("Sent", f"{stats.packets_sent}"),
            ("Round trip", None if stats.rtt_ms is None else f"{stats.rtt_ms:.1f} ms"),
            ("Lost outbound", _percent(stats.remote_loss_percent)),
            ("Codec", stats.codec),
        ]
    return tuple(Fact(name=name, value=value) for name, value in found if value is not None)


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:g} %"
