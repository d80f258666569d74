"""The JUnit report that `--evidence` leaves of any command: made of what the journal tells."""

from pathlib import Path
from typing import Final

from sipcli.cli.evidence_options import RunEnd
from sipcli.cli.evidence_part import RunBegin
from sipcli.cli.output.junit_report import JUnitReport
from sipcli.errors import ExpectationError, Phase
from sipcli.expect.evaluation import Verdict
from sipcli.journal.entries import EventEntry, VerdictEntry
from sipcli.phone.events import CallEnded

_DOCTOR: Final = "doctor"


class JUnitPart:
    """The part of a command's evidence that is its JUnit report."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_doctor = False
        self._has_unmet = False
        self._since = 0.0
        """When the check before this one was done."""

    def begin(self, run: RunBegin) -> None:
        """Read the journal, and write an unfinished report. Raises `ConfigError`."""
        self._is_doctor = run.command == _DOCTOR
        self._since = run.journal.now()
        self._report = JUnitReport(
            run.command, self._path, run.target, "--evidence", is_private=True
        )
        self._report.begin(())
        self._report.watch(run.journal, run.loaded.settings)
        run.journal.subscribe(VerdictEntry, self._on_verdict)
        run.journal.subscribe(EventEntry, self._on_event)

    def finish(self, end: RunEnd) -> None:
        """Write the report. Raises `ConfigError`."""
        is_judged = end.exit_code in (0, ExpectationError.exit_code)
        self._report.ended(
            end.reason if end.exit_code else None,
            is_told=is_judged or (self._is_doctor and self._has_unmet),
        )
        self._report.write()

    def discard(self) -> None:
        """Remove it."""
        self._path.unlink(missing_ok=True)

    def _on_verdict(self, entry: VerdictEntry) -> None:
        self._has_unmet |= entry.reached and not entry.met
        seconds = entry.at - self._since if self._is_doctor else entry.seconds
        self._since = entry.at
        hint = "" if entry.hint is None else f" ({entry.hint})"
        verdict = Verdict(
            name=entry.name.removeprefix(f"line {entry.line}: "),
            met=entry.met,
            expected=entry.expected,
            actual=f"{entry.actual}{hint}",
            phase=entry.phase or Phase.AUDIO,
            reached=entry.reached,
            line=entry.line,
            seconds=seconds,
            call=entry.call,
        )
        self._report.judged(verdict, may_skip=entry.may_be_skipped)

    def _on_event(self, entry: EventEntry) -> None:
        if isinstance(entry.event, CallEnded):
            self._report.call_over(entry.event)
