"""Report a command's expectations: on screen, as JUnit XML, and as its exit code."""

from pathlib import Path
from types import TracebackType

import click

from sipcli.cli.command_help import in_words
from sipcli.cli.command_session import CommandSession
from sipcli.cli.context import current_screen
from sipcli.cli.evaluator import Evaluator
from sipcli.cli.evidence_options import finish_evidence
from sipcli.cli.output.junit_report import JUnitReport
from sipcli.cli.output.wording import BAD, GOOD, Line
from sipcli.errors import FINAL_ANSWERS, ConfigError, ExpectationError, SipcliError
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import STATUS, Expectations, unreached
from sipcli.journal.entries import VerdictEntry
from sipcli.journal.journal import Journal


class ExpectationRun:
    """Run the command in a `with` block: however it ends, its expectations are judged and reported.

    `target` is the far end of `call`; it is empty for `listen`. Raises `ExpectationError` if the
    command succeeded but an expectation was not met, `ConfigError` if the report cannot be
    written. If a status is expected, a refusal is left to that expectation and not raised.
    """

    def __init__(
        self, command: str, wanted: Expectations, path: Path | None, *, target: str = ""
    ) -> None:
        self._wanted = wanted
        self.incoming = not target
        """True if the command waits for calls; False if it places one."""
        self._report = JUnitReport(command, path, target)
        self._verdicts: list[Verdict] = []
        self._journal = Journal()

    def evaluator(self) -> Evaluator:
        """Return an evaluator of the phone's calls, and drop the verdicts of the one before."""
        self._verdicts.clear()
        self._report.clear()
        return Evaluator(
            self._wanted,
            self._pronounced,
            incoming=self.incoming,
            on_over=self._report.call_over,
        )

    def watch(self, session: CommandSession) -> None:
        """Record the SIP messages of the session for the report. Raises `ConfigError`."""
        self._journal = session.journal
        self._report.watch(session.journal, session.settings)

    def __enter__(self) -> None:
        """Write an unfinished report. Raises `ConfigError` if that fails."""
        self._report.begin(verdict.name for verdict in self._unjudged(""))

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
        if error is None:
            self._finish_evidence()
        return error is None

    def _finish_evidence(self) -> None:
        """End the evidence of a success: what is lost of it is in the report, too."""
        context = click.get_current_context(silent=True)
        unwritten = finish_evidence(context, None) if context is not None else None
        if unwritten is not None:
            self._report.amend(str(unwritten))
            raise unwritten

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
        return judged and not self.incoming and isinstance(error, FINAL_ANSWERS)

    def _pronounced(self, verdict: Verdict) -> None:
        """Keep a verdict, and show it."""
        self._keep(verdict)
        screen = current_screen()
        names = ("name", "met", "expected", "actual", "line")
        screen.record("expectation", {name: getattr(verdict, name) for name in names})
        mark, style = ("✓", GOOD) if verdict.met else ("✗", BAD)
        told = verdict.fault or f"{verdict.place}: {verdict.actual}"
        screen.say(Line(mark, told, style))

    def _keep(self, verdict: Verdict) -> None:
        self._verdicts.append(verdict)
        self._journal.record(
            VerdictEntry(
                at=self._journal.now(),
                call=verdict.call,
                name=verdict.place,
                met=verdict.met,
                expected=verdict.expected,
                actual=verdict.actual,
                phase=verdict.phase,
                reached=verdict.reached,
                line=verdict.line,
                seconds=verdict.seconds,
            )
        )
        self._report.judged(verdict)

    def _write(self, error: BaseException | None) -> ConfigError | None:
        """Write the report. If that fails, warn and return the error."""
        if error is None:
            self._report.ended(None, is_told=True)
        else:
            self._report.ended(_in_words(error), is_told=False)
        try:
            self._report.write()
        except ConfigError as failed:
            current_screen().warning(str(failed))
            return failed
        return None


def _as_one_error(failed: list[Verdict]) -> ExpectationError:
    """Return one error for failed verdicts; its brief form names only their places."""
    faults = [verdict.fault or "" for verdict in failed]
    error = ExpectationError("\n".join(faults), failed[0].phase)
    places = ", ".join(verdict.place for verdict in failed)
    error.brief = f"{error.phase}: {places} {'is' if len(failed) == 1 else 'are'} not met"
    return error


def _in_words(error: BaseException) -> str:
    if isinstance(error, SipcliError):
        return str(error)
    if isinstance(error, click.ClickException):
        return in_words(error)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "interrupted"
    return f"a bug in sipcli: {type(error).__name__}: {error}"
