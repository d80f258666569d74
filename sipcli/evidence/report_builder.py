"""Makes the content of a report of what was recorded, and of how the command ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from sipcli.errors import Interrupted, Phase
from sipcli.evidence.connection_bars import connection_bars
from sipcli.evidence.recording import Recording
from sipcli.evidence.report_call import CallEvidence, call_content, judged
from sipcli.evidence.report_content import (
    CallContent,
    JudgedExpectation,
    Judgement,
    ReportContent,
    ReportedMessage,
    RunFacts,
    RunVerdict,
)
from sipcli.evidence.report_ladder import DividedLadder, divided_ladder
from sipcli.evidence.sip_facts import brief
from sipcli.evidence.step_bars import RunClock
from sipcli.evidence.waterfall import (
    CALL_PHASES,
    CONNECTION_PHASES,
    BarState,
    Blame,
    PhaseBar,
    Waterfall,
    waterfall,
)
from sipcli.journal.entries import VerdictEntry
from sipcli.phone.events import Warned
from sipcli.sip.masking import line_without_secrets
from sipcli.text import printable

MAX_TEXT: Final = 4000
"""Characters of a text, but for those of a SIP message."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a command ended, and what it was to do."""

    exit_code: int
    reason: str
    """As the event `finished` has it; so is the next one."""
    phase: Phase | None
    began: float
    """Seconds since the epoch; so is the next one."""
    ended: float
    registers: bool
    """True if it had to register."""
    places_call: bool
    """True if it had to place a call: if there is none, its phases were not reached."""
    is_secure: bool
    """True if a server has to be reached by TLS."""
    is_server: bool = False
    """True for a sandbox: it has no phases of its own."""
    is_over: bool = True
    """False in a report that is not finished: which phases will be reached is not known."""

    @property
    def blame(self) -> Blame | None:
        """What failed; None if nothing did, or no phase."""
        if self.phase is None:
            return None
        text = self.reason.removeprefix(f"{self.phase}: ")
        return Blame(phase=self.phase, text=text, at_ms=(self.ended - self.began) * 1000)


def report_content(recording: Recording, run: RunFacts, outcome: RunOutcome) -> ReportContent:
    """Return the content of the report on a command that has ended."""
    clock = RunClock(outcome.began, outcome.ended)
    has_all_calls = recording.calls_left_out == 0
    ladder = divided_ladder(recording.sip, recording.calls, has_all_calls=has_all_calls)
    calls = _calls(recording, ladder, outcome, clock)
    verdicts = [entry for entry in recording.verdicts if entry.call not in recording.calls]
    expectations = tuple(map(judged, verdicts))
    content = ReportContent(
        run=run,
        verdict=_verdict(run.command, outcome, calls, expectations),
        expectations=expectations,
        waterfall=_connections(recording, verdicts, outcome, calls, clock),
        ladder=ladder.reported(ladder.others, clock, ladder.left_out),
        calls=tuple(sorted(calls, key=_badness)),
        calls_left_out=recording.calls_left_out,
        warnings=tuple(e.event.text for e in recording.events if isinstance(e.event, Warned)),
    )
    return _safe(content)


def _calls(
    recording: Recording, ladder: DividedLadder, outcome: RunOutcome, clock: RunClock
) -> list[CallContent]:
    """Return the calls as they began.

    What the command blames, if no call does, failed in the call that it has placed.
    """
    evidence = [
        CallEvidence(
            call=call,
            verdicts=[entry for entry in recording.verdicts if entry.call == name],
            messages=ladder.of_calls.get(name, []),
            ladder=ladder.reported(ladder.of_calls.get(name, []), clock),
        )
        for name, call in recording.calls.items()
    ]
    is_interrupted = outcome.exit_code == Interrupted.exit_code
    calls = [call_content(each, clock, is_interrupted=is_interrupted) for each in evidence]
    blame = outcome.blame if outcome.places_call and outcome.phase in CALL_PHASES else None
    if calls and blame is not None and not _is_told(blame, calls):
        calls[0] = call_content(evidence[0], clock, blame)
    return calls


def _is_told(blame: Blame | None, calls: Sequence[CallContent]) -> bool:
    """True if a call blames the same phase."""
    return blame is not None and any(call.phase == blame.phase.lower() for call in calls)


def _badness(call: CallContent) -> tuple[bool, bool, float, float]:
    """Return the key by which calls are sorted: the worst first."""
    mos = call.stats.mos if call.stats is not None else None
    order = (call.result != "failed", call.result != "unknown")
    return (*order, mos if mos is not None else 5.0, call.begin_ms)


def _connections(
    recording: Recording,
    verdicts: Sequence[VerdictEntry],
    outcome: RunOutcome,
    calls: Sequence[CallContent],
    clock: RunClock,
) -> Waterfall:
    """Return the waterfall of what all calls share, and of calls that were never begun.

    `verdicts` are those of no call, which stand for phases that nothing else was recorded of.
    """
    bars = list(connection_bars(recording.steps, recording.events, recording.sip, clock))
    begun = {bar.phase for bar in bars}
    begun |= {bar.phase for call in calls for bar in call.waterfall.bars}
    bars += [_checked(entry) for entry in verdicts if entry.phase not in begun]
    blame = None if _is_told(outcome.blame, calls) else outcome.blame
    return waterfall(bars, blame, _expected(outcome, has_calls=bool(calls)))


def _checked(entry: VerdictEntry) -> PhaseBar:
    unmet: BarState = "failed" if entry.reached else "not reached"
    return PhaseBar(
        phase=entry.phase or Phase.AUDIO,
        state="done" if entry.met else unmet,
        text=entry.actual,
    )


def _expected(outcome: RunOutcome, *, has_calls: bool) -> Iterator[Phase]:
    """Yield the phases that the command had to go through, but for those of its calls."""
    if outcome.is_server or not outcome.is_over:
        return
    for phase in CONNECTION_PHASES:
        if phase is Phase.TLS and not outcome.is_secure:
            continue
        if phase is not Phase.REGISTRATION or outcome.registers:
            yield phase
    if outcome.places_call and not has_calls:
        yield from CALL_PHASES


def _verdict(
    command: str,
    outcome: RunOutcome,
    calls: Sequence[CallContent],
    expectations: Sequence[JudgedExpectation],
) -> RunVerdict:
    results: dict[int, Judgement] = {0: "passed", Interrupted.exit_code: "unknown"}
    if outcome.exit_code:
        sentence = outcome.reason
    elif command == "doctor":
        sentence = _checked_well(expectations)
    else:
        sentence = _went_well(calls, expectations)
    return RunVerdict(
        result=results.get(outcome.exit_code, "failed"),
        sentence=sentence,
        exit_code=outcome.exit_code,
        phase=outcome.phase.lower() if outcome.phase is not None else None,
    )


def _checked_well(checks: Sequence[JudgedExpectation]) -> str:
    passed = sum(check.result == "passed" for check in checks)
    others = len(checks) - passed
    more = f"; {others} had nothing to look at or were not run" if others else ""
    return f"{passed} checks passed, none failed{more}."


def _went_well(calls: Sequence[CallContent], expectations: Sequence[JudgedExpectation]) -> str:
    """Return what a command without an error has come to."""
    failed = sum(call.result == "failed" for call in calls)
    if failed:  # `listen` goes on after such a call
        return f"{failed} of {len(calls)} calls failed; the command itself ended well."
    every = [*expectations, *(each for call in calls for each in call.expectations)]
    if every and all(each.result == "passed" for each in every):
        many = len(every)
        return "The expectation is met." if many == 1 else f"All {many} expectations are met."
    if len(calls) == 1:
        return f"The call went well: {calls[0].sentence}."
    return f"All {len(calls)} calls went well." if calls else "All went well."


def _safe(value: T) -> T:
    """Return `value` with all texts in it safe to show: escaped, masked and not too long."""
    safe: Any = value
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        safe = brief(line_without_secrets(value), MAX_TEXT)
    elif isinstance(value, tuple):
        safe = tuple(map(_safe, value))
    elif is_dataclass(value) and not isinstance(value, type):
        changes = {each.name: _safe(getattr(value, each.name)) for each in fields(value)}
        if isinstance(value, ReportedMessage):
            changes["text"] = printable(value.text)
        safe = replace(value, **changes)
    return safe  # type: ignore[no-any-return]
