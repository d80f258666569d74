"""The report as Markdown, for `$GITHUB_STEP_SUMMARY` and for merge requests."""

from collections.abc import Iterator, Sequence
from typing import Final

from sipcli.evidence.markdown_call import call_figures, call_ice, call_samples
from sipcli.evidence.markdown_text import bold, details, escaped, fenced, table
from sipcli.evidence.mermaid import sequence_diagram
from sipcli.evidence.report_content import (
    CallContent,
    JudgedExpectation,
    Judgement,
    ReportContent,
    ReportedLadder,
    RunFacts,
)
from sipcli.evidence.report_ladder import merged_ladder
from sipcli.evidence.waterfall import BarState, Fact, Waterfall

MAX_BYTES: Final = 900_000
"""GitHub takes summaries of up to 1 MiB, and shows nothing of a longer one."""
MARKS: Final[dict[Judgement, str]] = {"passed": "✅", "failed": "❌", "unknown": "❔"}
_STATES: Final[dict[BarState, str]] = {
    "done": "✅",
    "slow": "🐢",
    "failed": "❌",
    "not reached": "➖",
}


def report_markdown(content: ReportContent) -> bytes:
    """Return the report as Markdown, in UTF-8. What does not fit on GitHub is left out."""
    blocks, size, left_out = list[str](), 0, 0
    for block in _blocks(content):
        size += len(block.encode()) + 2
        if size > MAX_BYTES:
            left_out += 1
            size -= len(block.encode()) + 2
        else:
            blocks.append(block)
    if left_out:
        blocks.append(f"{left_out} parts of this report are too long to be shown here.")
    return ("\n\n".join(blocks) + "\n").encode()


def _blocks(content: ReportContent) -> Iterator[str]:
    """Yield the parts from top to bottom."""
    run, verdict = content.run, content.verdict
    title = escaped(f"sipcli {run.command} {run.target}".rstrip())
    yield f"## {MARKS[verdict.result]} {title}"
    yield bold(verdict.sentence)
    failed = f", failed step: {escaped(verdict.phase)}" if verdict.phase is not None else ""
    yield (
        f"Exit code {verdict.exit_code}{failed}; began {escaped(run.began)},"
        f" took {run.duration_ms / 1000:.1f} s."
    )
    if content.expectations:
        yield _expectations(content.expectations)
    if len(content.calls) > 1:
        yield from _overview(content)
    only = content.calls[0] if len(content.calls) == 1 else None
    waterfalls = (content.waterfall, *((only.waterfall,) if only is not None else ()))
    if any(each.bars for each in waterfalls):
        yield f"### {'Connection' if only is None else 'Phases'}"
        yield _phases(*waterfalls)
    for call in content.calls:
        yield from _call(call, None if only is None else content.ladder)
    yield from _the_rest(content, is_ladder_shown=only is not None)


def _overview(content: ReportContent) -> Iterator[str]:
    yield "### Calls"
    rows = [
        (
            MARKS[call.result],
            escaped(call.direction),
            escaped(call.remote),
            f"{call.duration_s:.1f} s",
            f"{call.stats.mos:.2f}" if call.stats is not None and call.stats.mos else "–",
            escaped(call.sentence),
        )
        for call in content.calls
    ]
    yield table(("", "call", "far end", "lasted", "MOS", "outcome"), rows)
    if content.calls_left_out:
        yield f"{content.calls_left_out} more calls are left out."


def _call(call: CallContent, connection: ReportedLadder | None) -> Iterator[str]:
    """Yield the parts of one call; with `connection`, it is the only one."""
    if connection is None:
        yield f"### {MARKS[call.result]} Call {escaped(call.direction)}: {escaped(call.remote)}"
        yield bold(call.sentence)
    if call.expectations:
        yield _expectations(call.expectations)
    if connection is None:
        yield _phases(call.waterfall)
    yield from call_figures(call)
    yield from call_samples(call)
    ladder = call.ladder if connection is None else merged_ladder((connection, call.ladder))
    yield from _messages(ladder)
    yield from call_ice(call)


def _the_rest(content: ReportContent, *, is_ladder_shown: bool) -> Iterator[str]:
    if content.warnings:
        lines = "\n".join(f"- {escaped(text)}" for text in content.warnings)
        yield f"### Warnings\n\n{lines}"
    if not is_ladder_shown:
        yield from _messages(content.ladder)
    yield from _connection_facts(content)
    yield from _run(content.run)


def _expectations(expectations: Sequence[JudgedExpectation]) -> str:
    rows = [
        (
            MARKS[each.result],
            escaped(each.name),
            escaped(each.expected) or "–",
            " ".join(filter(None, (escaped(each.actual), _hint(each)))),
        )
        for each in expectations
    ]
    return table(("", "expectation", "expected", "found"), rows)


def _hint(each: JudgedExpectation) -> str:
    return f"→ {escaped(each.hint)}" if each.hint else ""


def _phases(*waterfalls: Waterfall) -> str:
    bars = [bar for each in waterfalls for bar in each.bars]
    bars.sort(key=lambda bar: (bar.begin_ms is None, bar.begin_ms or 0.0))
    servers = {bar.server for bar in bars if bar.server is not None}
    rows = [
        (
            _STATES[bar.state],
            bold(bar.phase) if bar.state == "failed" else escaped(bar.phase),
            "–" if bar.begin_ms is None else f"{bar.begin_ms:.0f} ms",
            "–" if bar.duration_ms is None else f"{bar.duration_ms:.0f} ms",
            escaped(f"{bar.server}: {bar.text}" if bar.server and len(servers) > 1 else bar.text),
        )
        for bar in bars
    ]
    left_out = sum(each.left_out for each in waterfalls)
    if left_out:
        rows.append(("", f"{left_out} more", "", "", "left out"))
    return table(("", "phase", "begin", "took", ""), rows)


def _messages(ladder: ReportedLadder) -> Iterator[str]:
    if not ladder.messages:
        return
    count = len(ladder.messages)
    what = "1 message" if count == 1 else f"{count} messages"
    yield details(f"SIP: {what}", fenced(sequence_diagram(ladder), "mermaid"))
    texts = (
        f"{message.at_ms / 1000:.3f} s, {message.sender} to {message.receiver}\n\n{message.text}"
        for message in ladder.messages
    )
    yield details(f"SIP: {what} in full", fenced("\n\n".join(texts)))


def _connection_facts(content: ReportContent) -> Iterator[str]:
    """Yield what was learnt on the way: addresses, certificates, ciphers."""
    bars = [
        *content.waterfall.bars,
        *(bar for call in content.calls for bar in call.waterfall.bars),
    ]
    rows = [
        (escaped(bar.phase), escaped(fact.name), escaped(fact.value))
        for bar in bars
        for fact in bar.facts
    ]
    if rows:
        yield details("Addresses, certificates, ciphers", table(("phase", "what", ""), rows))


def _run(run: RunFacts) -> Iterator[str]:
    yield details("Run it again", fenced(run.command_line, "sh"))
    yield details("Versions", _facts(run.versions))
    rows = [
        (escaped(each.name), escaped(each.value), escaped(each.source)) for each in run.settings
    ]
    if rows:
        yield details("Settings", table(("setting", "value", "from"), rows))


def _facts(facts: Sequence[Fact]) -> str:
    return table(("what", ""), [(escaped(each.name), escaped(each.value)) for each in facts])
