"""Start a command that connects: settings, log, credentials, phone."""

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

import click

from sipcli import __version__, log
from sipcli.cli.context import current_screen, has_terminal, leave_stdout_alone
from sipcli.cli.evidence_part import RunBegin
from sipcli.cli.evidence_run import begin_evidence
from sipcli.cli.options import Invocation
from sipcli.cli.output.screen import Screen
from sipcli.cli.output.status_line import registration_line
from sipcli.cli.run import CutShort, nothing_to_save, run
from sipcli.config.resolve import own_instance, prepare
from sipcli.config.settings import Settings
from sipcli.core.calls.target import resolve_callee
from sipcli.core.requests.credentials import Credentials
from sipcli.errors import ConfigError, MissingPassword
from sipcli.evidence.hep_agent import hep_agent
from sipcli.journal.journal import Journal
from sipcli.phone.phone import Phone
from sipcli.phone.phone_config import PhoneConfig, credentials_of
from sipcli.sip.grammar import Malformed
from sipcli.sip.masking import line_without_secrets
from sipcli.sip.uri import Uri
from sipcli.text import target_without_password


@dataclass(frozen=True, slots=True)
class CommandSession:
    """The settings in force, the screen, and what a phone needs."""

    settings: Settings
    screen: Screen
    credentials: Credentials | None
    journal: Journal
    """What its phones record."""

    @asynccontextmanager
    async def phone(self, *, retry_forever: bool) -> AsyncIterator[Phone]:
        """Start a phone without calls, whose events go to the screen; in the end it unregisters."""
        phone = Phone(
            PhoneConfig(
                settings=self.settings,
                credentials=self.credentials,
                on_event=self.screen.event,
                retry_forever=retry_forever,
                takes_calls=False,
                journal=self.journal,
            )
        )
        loop, registration = asyncio.get_running_loop(), phone.registration
        self.screen.watch(lambda: registration_line(registration, loop.time()), registration)
        async with phone:
            yield phone


Work: TypeAlias = Callable[[CommandSession], Coroutine[None, None, None]]


def run_session(
    invocation: Invocation,
    command: str,
    work: Work,
    *,
    reads_stdin: bool = False,
    cut_short: CutShort = nothing_to_save,
) -> None:
    """Load the settings and run `work`; if a password is missing, ask for it and run it again.

    It is not asked for if `work` reads stdin. For `cut_short` see `run`.
    """
    loaded = invocation.load()
    if loaded.settings.audio.output == "-":
        leave_stdout_alone()
    screen = current_screen()
    screen.record("started", {"version": __version__, "command": command})
    if invocation.sandbox:
        work = _in_sandbox(work, others_may_call=command in ("listen", "register"))
    else:
        loaded = prepare(loaded)
    settings = loaded.settings
    for text in loaded.warnings:
        screen.warning(text)
    if settings.register and settings.is_anonymous and not invocation.sandbox:
        raise ConfigError(
            "uri is not set, and an anonymous user cannot register: give --uri sip:YOU@DOMAIN,"
            " or --no-register"
        )
    try:
        log.set_up(settings.log, screen.note, screen.warning)
    except OSError as error:
        text = f"log.file: {settings.log.file} cannot be used: {error.strerror}"
        raise loaded.placed(ConfigError(text, setting="log.file")) from error
    log.LOGGER.info("sipcli %s %s: Python %s, %s", __version__, command, *_machine())
    journal = Journal()
    if settings.trace_sip:
        log.trace_sip(journal)
    given = click.get_current_context().params.get("target")
    target = given if isinstance(given, str) else ""
    begin_evidence(
        invocation.evidence,
        RunBegin(
            command=command,
            target=line_without_secrets(target_without_password(target)),
            loaded=loaded,
            journal=journal,
            in_sandbox=invocation.sandbox,
        ),
    )
    with own_instance(loaded) as settings:
        session = CommandSession(settings, screen, credentials_of(settings), journal)
        try:
            run(lambda: _as_agent(work, session), screen, cut_short)
        except ConfigError as error:
            raise loaded.placed(error) from error
        except MissingPassword:
            if reads_stdin or not can_ask(invocation):
                raise
            screen.watch(None)
            password = click.prompt(f"Password for {settings.username}", hide_input=True, err=True)
            session = replace(session, credentials=Credentials(settings.username, password))
            run(lambda: _as_agent(work, session), screen, cut_short)


async def _as_agent(work: Work, session: CommandSession) -> None:
    async with hep_agent(session.settings, session.journal, session.screen.warning):
        await work(session)


def resolve_target(text: str, settings: Settings) -> Uri:
    """Return the URI of the argument TARGET. Raises `click.BadParameter` if it is invalid."""
    try:
        return resolve_callee(text, settings)
    except Malformed as fault:
        shown = target_without_password(text)
        raise click.BadParameter(f"{shown!r}: {fault.reason}", param_hint="TARGET") from fault


def _machine() -> tuple[str, str]:
    return platform.python_version(), platform.platform()


def can_ask(invocation: Invocation) -> bool:
    """True if a password can be asked for."""
    return has_terminal() and not invocation.common.json


def _in_sandbox(work: Work, *, others_may_call: bool) -> Work:
    """Run `work` as the first user of a sandbox of its own.

    With `others_may_call` it shows how to reach it as the second user.
    """

    async def inside(session: CommandSession) -> None:
        from sipcli.cli.output import sandbox_info  # late: these import all of the media
        from sipcli.sandbox.sandbox import USERS, Plan, Sandbox

        async with Sandbox(Plan()) as sandbox:
            user, other = USERS
            if others_may_call:
                sandbox_info.tell(sandbox, session.screen, sandbox.passwords)
                session.screen.say("To reach this sandbox from another terminal:")
                for line in sandbox_info.environment(sandbox, other, sandbox.passwords):
                    session.screen.say(line)
                session.screen.say(f"  sipcli call {user}")
            settings = sandbox.account(user, session.settings)
            credentials = sandbox.credentials(user)
            await work(replace(session, settings=settings, credentials=credentials))

    return inside
