"""The JUnit report of a command (`--junit`): its test cases, figures and SIP messages."""

import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sipcli import __version__
from sipcli.cli.context import leave_stdout_alone
from sipcli.cli.output.event_json import event_fields
from sipcli.cli.output.report_file import (
    COMMANDS,
    STDOUT,
    UNFINISHED,
    begin,
    cannot_write,
    finish,
    hold_fifo,
)
from sipcli.cli.shared_options import common
from sipcli.config.settings import Settings
from sipcli.errors import ConfigError
from sipcli.evidence.ladder import ladder_of
from sipcli.evidence.ladder_text import ladder_text
from sipcli.evidence.sip_record import SipRecord, with_call_id
from sipcli.expect.evaluation import Verdict
from sipcli.expect.junit import Report, TestCase, junit
from sipcli.journal.journal import Journal
from sipcli.phone.events import CallEnded, CallId
from sipcli.sip.masking import line_without_secrets
from sipcli.text import target_without_password

_MAX_CALLS: Final = 100
"""Calls whose figures the report has: bounds the memory of a `listen` that never ends."""
_MAX_OUTPUTS: Final = 20
"""Failed cases that have the ladder of their call: the suite has all of it once more."""
_MAX_MESSAGES: Final = 200
"""Messages of such a ladder."""
_LADDER_WIDTH: Final = 100
_CALL: Final = "call"


@dataclass(frozen=True, slots=True)
class _Judged:
    """A test case, and the call that it is about."""

    case: TestCase
    call: CallId | None

    @property
    def has_failed(self) -> bool:
        return self.case.failure is not None or self.case.error is not None


class JUnitReport:
    """The report of a command with `--junit PATH`; without a path it does nothing.

    `target` is the far end of `call`; it is empty for `listen`.
    """

    def __init__(
        self,
        command: str,
        path: Path | None,
        target: str,
        option: str = "--junit",
        *,
        is_private: bool = False,
    ) -> None:
        """`option` is the one that asks for it, for errors; a private file has mode 0600."""
        self._command = command
        self._path = path
        self._option = option
        self._is_private = is_private
        self._target = line_without_secrets(target_without_password(target))
        self._fifo: int | None = None
        self._began = datetime.now(UTC)
        self._since = time.monotonic()
        self._cases: list[_Judged] = []
        self._counts: Counter[str] = Counter()
        """Verdicts of options by name."""
        self._ended: list[CallEnded] = []
        self._messages = SipRecord()
        self._journal: Journal | None = None

    def begin(self, names: Iterable[str]) -> None:
        """Write an unfinished report with these cases. Raises `ConfigError` if that fails."""
        if self._path == STDOUT:
            if common().json:
                raise ConfigError("--junit -: stdout carries the events (--json): name a file")
            leave_stdout_alone()
        elif self._path is not None:
            names = [*names] or [self._name]
            cases = [TestCase(name=name, seconds=0.0, error=UNFINISHED) for name in names]
            try:
                begin(self._path, self._document(cases), is_private=self._is_private)
                self._fifo = hold_fifo(self._path)
            except OSError as fault:
                raise cannot_write(self._option, self._path, fault) from fault

    def watch(self, journal: Journal, settings: Settings) -> None:
        """Keep the SIP messages of a journal. Raises `ConfigError` if stdout is taken."""
        if self._path is None or self._journal is journal:
            return
        if self._path == STDOUT and settings.audio.output == "-":
            raise ConfigError("--junit -: stdout carries the sound (--audio-out -): name a file")
        self._journal = journal
        self._messages.attach(journal)

    def clear(self) -> None:
        """Drop what was judged: the command starts again."""
        self._cases.clear()
        self._counts.clear()
        self._ended.clear()

    def call_over(self, ended: CallEnded) -> None:
        """Keep the figures of a call."""
        if len(self._ended) < _MAX_CALLS:
            self._ended.append(ended)

    def judged(self, verdict: Verdict, *, may_skip: bool = False) -> None:
        """Add the case of a verdict.

        One that was not reached is an error or, with `may_skip`, a case that was skipped.
        """
        fault = verdict.fault
        failure = None if fault is None or not verdict.reached else f"{verdict.phase}: {fault}"
        unreached = None if verdict.reached else fault
        case = TestCase(
            name=self._case_name(verdict),
            seconds=self._seconds if verdict.seconds is None else verdict.seconds,
            failure=failure,
            error=None if may_skip else unreached,
            skipped=verdict.actual if unreached and may_skip else None,
        )
        self._cases.append(_Judged(case, verdict.call))

    def ended(self, error: str | None, *, is_told: bool) -> None:
        """Add the case of the command itself, unless other cases tell how it ended.

        `error` is why it failed. If the verdicts tell that, `is_told`; an expectation that was met
        does not.
        """
        has_error = any(each.case.error is not None for each in self._cases)
        if not self._cases or not (is_told or has_error):
            self._add_command(error)

    def _add_command(self, error: str | None) -> None:
        case = TestCase(name=self._name, seconds=self._seconds, error=error)
        self._cases.append(_Judged(case, None))

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._since

    @property
    def _name(self) -> str:
        """The name of the case of the command itself (contract §2)."""
        return _CALL if self._command in COMMANDS else self._command

    def _case_name(self, verdict: Verdict) -> str:
        """Return the name of a verdict's test case; JUnit readers expect unique names."""
        if verdict.line is not None:
            return f"{verdict.name} (line {verdict.line})"
        self._counts[verdict.name] += 1
        count = self._counts[verdict.name]
        return verdict.name if count == 1 else f"{verdict.name} (call {count})"

    def write(self) -> None:
        """Write the report. Raises `ConfigError` if that fails."""
        if self._path is not None:
            try:
                self._publish(self._path, self._document([*self._told()]))
            except OSError as fault:
                raise cannot_write(self._option, self._path, fault) from fault

    def amend(self, error: str) -> None:
        """Write the report again: the command itself failed after all, by `error`.

        What a pipe or stdout has got stays as it is.
        """
        self._cases = [each for each in self._cases if each.case.name != self._name]
        self._add_command(error)
        if self._path not in (None, STDOUT) and self._path.is_file():
            self.write()

    def _publish(self, path: Path, document: bytes) -> None:
        if path != STDOUT:
            fifo, self._fifo = self._fifo, None
            finish(path, document, fifo, is_private=self._is_private)
        elif not common().json:  # with --json this was an error: stdout has only events
            sys.stdout.flush()
            sys.stdout.buffer.write(document + b"\n")
            sys.stdout.buffer.flush()

    def _document(self, cases: Sequence[TestCase]) -> bytes:
        return junit(
            Report(
                suite=f"sipcli {self._command} {self._target}".rstrip(),
                classname=f"sipcli.{self._command}",
                cases=cases,
                began=self._began,
                seconds=self._seconds,
                host=socket.gethostname(),
                properties=tuple(self._properties()),
                output=self._ladder() if self._journal is not None else "",
            )
        )

    def _told(self) -> Iterator[TestCase]:
        """Yield the cases, the first failed ones with the ladder and the figures of their call."""
        left = _MAX_OUTPUTS
        for each in self._cases:
            is_shown = each.has_failed and self._journal is not None and left > 0
            left -= is_shown
            yield replace(each.case, output=self._output(each.call)) if is_shown else each.case

    def _ladder(self) -> str:
        return ladder_text(ladder_of(self._messages), _LADDER_WIDTH)

    def _output(self, call: CallId | None) -> str:
        """Return the ladder and the figures of a call; without one, all messages."""
        if call is None:
            return self._ladder()
        ladder = ladder_of(with_call_id(self._messages, call), _MAX_MESSAGES)
        ended = next((each for each in self._ended if each.call == call), None)
        figures = [f"{name}: {value}" for name, value in _figures(ended)] if ended else []
        return "\n".join([ladder_text(ladder, _LADDER_WIDTH), "", *figures])

    def _properties(self) -> Iterator[tuple[str, str]]:
        """Yield the command and, of each call, the fields of its event `ended` with the figures."""
        yield "version", __version__
        yield "command", self._command
        if self._target:
            yield "target", self._target
        for number, ended in enumerate(self._ended, 1):
            suffix = "" if number == 1 else f" (call {number})"
            for name, value in _figures(ended):
                yield f"{name}{suffix}", value


def _figures(ended: CallEnded) -> Iterator[tuple[str, str]]:
    """Yield name and value of what is known of a call at its end."""
    fields = event_fields(ended)
    figures = fields.pop("stats")
    fields |= figures if isinstance(figures, dict) else {}
    for name, value in fields.items():
        if value is not None:
            yield name, str(value)
