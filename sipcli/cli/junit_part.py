"""The JUnit report of a failed command in the folder of `--evidence`."""

from collections import Counter
from pathlib import Path

from sipcli.cli.evidence_options import RunEnd
from sipcli.cli.evidence_part import RunBegin
from sipcli.cli.output.junit_report import JUnitReport
from sipcli.errors import ConfigError
from sipcli.expect.junit import TestCase
from sipcli.files import replace_whole
from sipcli.journal.entries import EventEntry, VerdictEntry
from sipcli.phone.events import CallEnded


class JUnitPart:
    """The part of a command's evidence that is its JUnit report: a case for each verdict.

    A command that fails for another reason, or has no verdicts, has a case of its own.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: Counter[str] = Counter()

    def begin(self, run: RunBegin) -> None:
        """Collect verdicts and figures from now on."""
        self._report = JUnitReport(run.command, None, run.target)
        self._report.keep_messages(run.journal)
        run.journal.subscribe(VerdictEntry, self._on_verdict)
        run.journal.subscribe(EventEntry, self._on_event)
        self._command = run.command

    def _on_verdict(self, entry: VerdictEntry) -> None:
        fault = None if entry.met else f"expected {entry.expected}; found: {entry.actual}"
        if entry.reached:
            self._add(entry.name, entry.call, failure=fault and f"{entry.phase}: {fault}")
        elif entry.may_be_skipped:
            self._add(entry.name, entry.call, skipped=entry.actual)
        else:
            self._add(entry.name, entry.call, error=fault)

    def _on_event(self, entry: EventEntry) -> None:
        if isinstance(entry.event, CallEnded):
            self._report.call_over(entry.event)

    def _add(
        self,
        name: str,
        call: str | None,
        *,
        failure: str | None = None,
        error: str | None = None,
        skipped: str | None = None,
    ) -> None:
        """Add a case; JUnit readers expect unique names."""
        self._names[name] += 1
        count = self._names[name]
        case = TestCase(
            name=name if count == 1 else f"{name} ({count})",
            seconds=self._report.seconds,
            failure=failure,
            error=error,
            skipped=skipped,
        )
        self._report.add(case, call)

    def finish(self, end: RunEnd) -> None:
        """Write the report. Raises `ConfigError` if that fails."""
        if self._report.is_empty or (end.exit_code and not self._report.has_failed):
            error = end.reason if end.exit_code else None
            self._add(self._command, None, error=error)
        try:
            replace_whole(self._path, self._report.document())
        except OSError as fault:
            raise ConfigError(f"--evidence: {self._path}: {fault.strerror or fault}") from fault

    def discard(self) -> None:
        """Do nothing: nothing is written before the end."""
