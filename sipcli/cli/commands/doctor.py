"""`sipcli doctor`: check each step of a call on its own, and name the first that fails."""

from typing import Final

import click

from sipcli.cli.command_help import Command, option
from sipcli.cli.command_session import CommandSession, can_ask, resolve_target, run_session
from sipcli.cli.commands.config import described
from sipcli.cli.context import current_screen
from sipcli.cli.options import SIGNALLING, Invocation, in_sections, settings_options
from sipcli.cli.output.wording import BAD, FAINT, GOOD, Line
from sipcli.config.keys import Section
from sipcli.doctor.check import ORDER, Check, DoctorReport, bad
from sipcli.errors import ConfigError, Phase
from sipcli.journal.entries import VerdictEntry
from sipcli.journal.journal import Journal

_NAME_WIDTH: Final = max(map(len, ORDER)) + 1
_HANG: Final = len("✓ ") + _NAME_WIDTH
"""Columns before the findings."""
_MARKS: Final = {True: ("✓", GOOD), False: ("✗", BAD), None: ("–", FAINT)}


@click.command(cls=Command, module="sipcli.doctor.doctor_run")
@option(
    "--echo",
    metavar="TARGET",
    help="Call TARGET to check ICE, DTLS and audio; it must answer and send back what it hears."
    " Without this option a second phone of your own account is called.",
)
@settings_options(
    shown=SIGNALLING | in_sections(Section.MEDIA) | {"audio.input", "audio.output"}, connects=True
)
def doctor(invocation: Invocation, echo: str | None) -> None:
    """Check each step of a call on its own, and say how to fix the first one that fails.

    Every configured server is tried; one that fails is a fault, even if calls can do without
    it. The exit code is that of the first failed step. Nothing is read from stdin, and no
    sound device is used.
    """
    from sipcli.doctor.doctor_run import DoctorRun, run_checks

    screen, journal = current_screen(), Journal()

    def tell(check: Check) -> None:
        _tell(check)
        journal.record(_verdict(check, journal.now()))

    report = DoctorReport(tell)

    async def work(session: CommandSession) -> None:
        nonlocal journal
        doing, journal = "starting", session.journal

        def begin(what: str) -> None:
            nonlocal doing
            doing = what

        session.screen.watch(lambda: f"◌ {doing}")
        doctor_run = DoctorRun(
            settings=session.settings,
            described="the sandbox" if invocation.sandbox else described(invocation.load()),
            credentials=session.credentials,
            journal=session.journal,
            echo=resolve_target(echo, session.settings) if echo is not None else None,
            can_ask=can_ask(invocation),
        )
        await run_checks(doctor_run, report, begin)

    try:
        run_session(invocation, "doctor", work)
    except (ConfigError, click.BadParameter) as error:
        text = error.text if isinstance(error, ConfigError) else error.format_message()
        hint = (
            "`sipcli help settings` lists every setting, `sipcli config show` the values in force"
        )
        report.add(bad(Phase.CONFIGURATION, *text.split("\n"), hint=hint))
        report.leave_out("the configuration is invalid")
        if isinstance(error, ConfigError):
            error.brief = _first(Phase.CONFIGURATION)
        raise
    failure = report.failure
    if failure is not None:
        failure.brief = _first(failure.phase)
        raise failure
    screen.say("all checks passed" if report.is_complete else "all checks that ran passed")


def _first(phase: Phase | None) -> str:
    """Return the short error shown below the list of checks."""
    return f"the first failed step is {phase}"


def _verdict(check: Check, now: float) -> VerdictEntry:
    """Return a check as the journal has it."""
    return VerdictEntry(
        at=now,
        call=None,
        name=check.name,
        met=check.ok is True,
        expected="it works",
        actual=check.detail,
        phase=check.phase,
        reached=check.ok is not None,
        may_be_skipped=True,
        hint=check.hint,
    )


def _tell(check: Check) -> None:
    screen = current_screen()
    screen.record(
        "check",
        {"name": check.name, "ok": check.ok, "detail": check.detail, "hint": check.hint},
    )
    mark, style = _MARKS[check.ok]
    first, *others = check.found
    hints = [f"→ {check.hint}"] if check.hint is not None else []
    text = f"{check.phase:<{_NAME_WIDTH}}{first}"
    screen.say(Line(mark, text, style, more=(*others, *hints), hang=_HANG))
