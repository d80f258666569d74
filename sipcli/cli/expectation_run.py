"""Report a command's expectations: on screen, as JUnit XML, and as its exit code."""

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

import click

from sipcli import __version__
from sipcli.cli.command_help import in_words
from sipcli.cli.command_session import CommandSession
from sipcli.cli.context import current_screen, leave_stdout_alone
from sipcli.cli.evaluator import Evaluator
from sipcli.cli.output.event_json import event_fields
from sipcli.cli.output.report_file import STDOUT, UNFINISHED, begin, finish, hold_fifo
from sipcli.cli.output.sip_ladder import SipLadder
from sipcli.cli.output.wording import BAD, GOOD, Line
from sipcli.cli.shared_options import common
from sipcli.errors import (
    ConfigError,
    ExpectationError,
    MissingPassword,
    NoAnswerError,
    RefusedError,
    SipcliError,
)
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import STATUS, Expectations, unreached
from sipcli.expect.junit import Report, TestCase, junit
from sipcli.journal.entries import VerdictEntry
from sipcli.journal.journal import Journal
from sipcli.phone.events import CallEnded
from sipcli.text import target_without_password

_MAX_CALLS: Final = 100
"""Calls whose figures the report has: bounds the memory of a `listen` that never ends."""
_ANSWERS: Final = (RefusedError, NoAnswerError, MissingPassword)
"""Errors that can stand for a final answer to the INVITE."""


class ExpectationRun:
    """Run the command in a `with` block: however it ends, its expectations are judged and reported.

    `target` is the far end of `call`; it is empty for `listen`. Raises `ExpectationError` if the
    command succeeded but an expectation was not met, `ConfigError` if the report cannot be
    written. If a status is expected, a refusal is left to that expectation and not raised.
    """

    def __init__(
        self, command: str, wanted: Expectations, path: Path | None, *, target: str = ""
    ) -> None:
        self._command = command
        self._wanted = wanted
        self._path = path
        self._fifo: int | None = None
        self._target = target_without_password(target)
        self.incoming = not target
        """True if the command waits for calls; False if it places one."""
        self._began = datetime.now(UTC)
        self._since = time.monotonic()
        self._verdicts: list[Verdict] = []
        self._cases: list[TestCase] = []
        self._ended: list[CallEnded] = []
        self._ladder: SipLadder | None = None
        self._journal = Journal()

    def evaluator(self) -> Evaluator:
        """Return an evaluator of the phone's calls, and drop the verdicts of the one before."""
        self._verdicts.clear()
        self._cases.clear()
        self._ended.clear()
        return Evaluator(
            self._wanted, self._pronounced, incoming=self.incoming, on_over=self._call_over
        )

    def watch(self, session: CommandSession) -> None:
        """Record the SIP messages of the session for the report. Raises `ConfigError`."""
        self._journal = session.journal
        if self._path is None:
            return
        if self._path == STDOUT and session.settings.audio.output == "-":
            raise ConfigError("--junit -: stdout carries the sound (--audio-out -): name a file")
        if self._ladder is None:
            self._ladder = SipLadder(session.journal)

    def __enter__(self) -> None:
        """Write an unfinished report. Raises `ConfigError` if that fails."""
        if self._path == STDOUT:
            if common().json:
                raise ConfigError("--junit -: stdout carries the events (--json): name a file")
            leave_stdout_alone()
        elif self._path is not None:
            names = [verdict.name for verdict in self._unjudged(UNFINISHED)] or ["call"]
            cases = [TestCase(name=name, seconds=0.0, error=UNFINISHED) for name in names]
            try:
                begin(self._path, self._document(cases))
                self._fifo = hold_fifo(self._path)
            except OSError as fault:
                raise self._cannot_write(fault) from fault

    def __exit__(
        self,
        _: type[BaseException] | None,
        error: BaseException | None,
        __: TracebackType | None,
    ) -> bool:
        """Judge what was not judged yet, and write the report."""
        if self._is_answer(error) or isinstance(error, ExpectationError):
            error = None  # the verdicts say it
        why = _in_words(error) if error is not None else "there was no call to judge"
        # On screen a usage error is enough; the report needs its test cases all the same.
        conclude = self._keep if isinstance(error, ConfigError) else self._pronounced
        for verdict in self._unjudged(why):
            conclude(verdict)
        written = self._write(error)
        failed = [verdict for verdict in self._verdicts if not verdict.met]
        if error is None and failed:
            raise _as_one_error(failed) from None
        if error is None and written is not None:
            raise written from None
        return error is None

    def abandon(self, error: Exception) -> None:
        """Write the report of a command that `error` ends before it starts, or at once."""
        for verdict in self._unjudged(_in_words(error)):
            self._keep(verdict)
        self._write(error)

    def _unjudged(self, why: str) -> tuple[Verdict, ...]:
        """Return verdicts on the options if they judged no call yet; a script's lines are apart."""
        was_judged = any(verdict.line is None for verdict in self._verdicts)
        return () if was_judged else tuple(unreached(self._wanted, why))

    def _is_answer(self, error: BaseException | None) -> bool:
        """True if `error` is only the final answer to a call whose status was judged."""
        judged = any(verdict.name == STATUS.name for verdict in self._verdicts)
        return judged and not self.incoming and isinstance(error, _ANSWERS)

    def _pronounced(self, verdict: Verdict) -> None:
        """Keep a verdict, and show it."""
        self._keep(verdict)
        screen = current_screen()
        names = ("name", "met", "expected", "actual", "line")
        screen.record("expectation", {name: getattr(verdict, name) for name in names})
        mark, style = ("✓", GOOD) if verdict.met else ("✗", BAD)
        told = f"{_place(verdict)}: {verdict.actual}" if verdict.met else _fault(verdict)
        screen.say(Line(mark, told, style))

    def _keep(self, verdict: Verdict) -> None:
        self._verdicts.append(verdict)
        self._journal.record(
            VerdictEntry(
                at=self._journal.now(),
                name=_place(verdict),
                met=verdict.met,
                expected=verdict.expected,
                actual=verdict.actual,
            )
        )
        fault = None if verdict.met else _fault(verdict)
        name = self._case_name(verdict)
        if verdict.reached:
            failure = None if fault is None else f"{verdict.phase}: {fault}"
            self._add_case(name, verdict.seconds, failure=failure)
        else:
            self._add_case(name, verdict.seconds, error=fault)

    def _case_name(self, verdict: Verdict) -> str:
        """Return the name of a verdict's test case; JUnit readers expect unique names."""
        if verdict.line is not None:
            return f"{verdict.name} (line {verdict.line})"
        same = sum(
            other.name == verdict.name and other.line is None for other in self._verdicts[:-1]
        )
        return f"{verdict.name} (call {same + 1})" if same else verdict.name

    def _add_case(
        self,
        name: str,
        seconds: float | None,
        failure: str | None = None,
        error: str | None = None,
    ) -> None:
        """Add a test case; without `seconds` its time is that of the whole command."""
        if seconds is None:
            seconds = time.monotonic() - self._since
        self._cases.append(TestCase(name=name, seconds=seconds, failure=failure, error=error))

    def _write(self, error: BaseException | None) -> ConfigError | None:
        """Write the report. If that fails, warn and return the error."""
        if self._path is None:
            return None
        is_told = error is None or any(case.error is not None for case in self._cases)
        if (
            not self._cases or not is_told
        ):  # a judged expectation does not include the command's error
            self._add_case("call", None, error=_in_words(error) if error is not None else None)
        try:
            self._publish(self._path, self._document(self._cases))
        except OSError as fault:
            failed = self._cannot_write(fault)
            current_screen().warning(str(failed))
            return failed
        return None

    def _publish(self, path: Path, document: bytes) -> None:
        if path != STDOUT:
            fifo, self._fifo = self._fifo, None
            finish(path, document, fifo)
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
                seconds=time.monotonic() - self._since,
                host=socket.gethostname(),
                properties=tuple(self._properties()),
                output=self._ladder.text if self._ladder is not None else "",
            )
        )

    def _properties(self) -> Iterator[tuple[str, str]]:
        """Yield the command and, of each call, the fields of its event `ended` with the figures."""
        yield "version", __version__
        yield "command", self._command
        if self._target:
            yield "target", self._target
        for number, ended in enumerate(self._ended, 1):
            suffix = "" if number == 1 else f" (call {number})"
            fields = event_fields(ended)
            figures = fields.pop("stats")
            fields |= figures if isinstance(figures, dict) else {}
            for name, value in fields.items():
                if value is not None:
                    yield f"{name}{suffix}", str(value)

    def _call_over(self, ended: CallEnded) -> None:
        if len(self._ended) < _MAX_CALLS:
            self._ended.append(ended)

    def _cannot_write(self, fault: OSError) -> ConfigError:
        is_homeless = isinstance(fault, FileNotFoundError)
        why = "there is no such folder" if is_homeless else fault.strerror or fault
        return ConfigError(f"--junit: {self._path}: {why}")


def _as_one_error(failed: list[Verdict]) -> ExpectationError:
    """Return one error for failed verdicts; its brief form names only their places."""
    error = ExpectationError("\n".join(map(_fault, failed)), failed[0].phase)
    places = ", ".join(map(_place, failed))
    error.brief = f"{error.phase}: {places} {'is' if len(failed) == 1 else 'are'} not met"
    return error


def _fault(verdict: Verdict) -> str:
    return f"{_place(verdict)}: expected {verdict.expected}; found: {verdict.actual}"


def _place(verdict: Verdict) -> str:
    """Return the name of the expectation, with its line if it is a script's."""
    return verdict.name if verdict.line is None else f"line {verdict.line}: {verdict.name}"


def _in_words(error: BaseException) -> str:
    if isinstance(error, SipcliError):
        return str(error)
    if isinstance(error, click.ClickException):
        return in_words(error)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "interrupted"
    return f"a bug in sipcli: {type(error).__name__}: {error}"
