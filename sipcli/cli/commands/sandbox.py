"""`sipcli sandbox`: a SIP server for experiments and tests."""

import asyncio
from collections.abc import Mapping
from functools import partial
from ipaddress import ip_address
from typing import Final, TypeAlias

import click

from sipcli import __version__
from sipcli.cli.command_help import Command, option
from sipcli.cli.context import current_screen
from sipcli.cli.evidence_part import RunBegin
from sipcli.cli.evidence_run import begin_evidence
from sipcli.cli.options import ALL, OF_EVIDENCE, Invocation, settings_options
from sipcli.cli.output import sandbox_info
from sipcli.cli.output.screen import Screen
from sipcli.cli.run import run
from sipcli.cli.shared_options import Seconds, Whole, common
from sipcli.config.resolve import check_files
from sipcli.errors import ConfigError, Interrupted
from sipcli.evidence.hep_agent import hep_agent
from sipcli.evidence.ladder_words import message_label
from sipcli.journal.entries import SipEntry
from sipcli.sandbox.extensions import EXTENSIONS, MAX_CALLS
from sipcli.sandbox.sandbox import USERS, Plan, Sandbox, new_password
from sipcli.sandbox.websocket_server import MAX_CLIENTS
from sipcli.sip.grammar import TOKEN
from sipcli.sip.parser import parse

Users: TypeAlias = tuple[tuple[str, str], ...]
_SETTINGS: Final = OF_EVIDENCE | {"tls_ca_file", "tls_verify"}
"""The settings that it obeys; the last two are for the HEP server."""


def _read_users(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> Users:
    users = []
    for value in values:
        name, colon, password = value.partition(":")
        if TOKEN.fullmatch(name) is None or not colon or not password:
            # The value is not repeated: it holds a password.
            raise click.BadParameter("is not NAME:PASSWORD, with a name of letters and digits")
        users.append((name, password))
    return tuple(users)


@click.command(cls=Command)
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; any but loopback needs --allow-remote.",
)
@option(
    "--port",
    type=Whole(0, 65535),
    default=0,
    metavar="PORT",
    help="Port to listen on; by default, any free one.",
)
@option(
    "--user",
    "users",
    multiple=True,
    callback=_read_users,
    metavar="NAME:PASSWORD",
    help=f"An account that may register; repeatable. By default: {' and '.join(USERS)}.",
)
@option("--tls", is_flag=True, help="Use wss: with a certificate from a temporary CA.")
@option("--allow-remote", is_flag=True, help="Accept connections from other machines.")
@option(
    "--duration",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="End after this time; without it, at Ctrl-C.",
)
@option(
    "--max-clients",
    type=Whole(len(EXTENSIONS) + 1, 1_000_000),
    default=MAX_CLIENTS,
    show_default=True,
    metavar="N",
    help="Connections at a time; the extensions have one each.",
)
@option(
    "--max-calls",
    type=Whole(1, 100_000),
    default=MAX_CALLS,
    show_default=True,
    metavar="N",
    help="Calls of each extension at a time; further ones get 486.",
)
@settings_options(shown=OF_EVIDENCE, without=ALL - _SETTINGS, records=True)
def sandbox(
    invocation: Invocation,
    host: str,
    port: int,
    users: Users,
    tls: bool,
    allow_remote: bool,
    duration: float | None,
    max_clients: int,
    max_calls: int,
) -> None:
    """Run a SIP server in this process, and show how to reach it.

    It is a registrar and proxy for SIP over WebSocket with a few extensions to call, for
    experiments and tests on loopback. Do not use it as a server for real calls. With -v,
    every message is shown.
    """
    screen = current_screen()
    screen.record("started", {"version": __version__, "command": "sandbox"})
    loaded = invocation.load(only=_SETTINGS)
    for text in loaded.warnings:
        screen.warning(text)
    check_files(loaded)
    if not _is_loopback(host):
        if not allow_remote:
            raise ConfigError(f"--host {host} is not loopback: add --allow-remote to listen there")
        screen.warning(
            f"listening on {host}: every host that reaches this machine can try passwords"
        )
    passwords = dict(users) or {name: new_password() for name in USERS}
    plan = Plan(
        host=host,
        port=port,
        tls=tls,
        passwords=passwords,
        max_clients=max_clients,
        max_calls=max_calls,
    )
    if common().verbose:
        plan.journal.subscribe(SipEntry, partial(_show, screen))
    begin_evidence(
        invocation.evidence, RunBegin(command="sandbox", loaded=loaded, journal=plan.journal)
    )

    async def work() -> None:
        async with hep_agent(loaded.settings, plan.journal, screen.warning):
            await _serve(plan, screen, duration, tells_passwords=not users)

    try:
        run(work, screen)
    except ConfigError as error:
        raise loaded.placed(error) from error


def _show(screen: Screen, entry: SipEntry) -> None:
    message = parse(entry.data).message
    if message is not None:
        arrow = "→" if entry.direction == "received" else "←"
        screen.note(f"{entry.peer} {arrow} {message_label(message)}")


async def _serve(
    plan: Plan, screen: Screen, duration: float | None, *, tells_passwords: bool
) -> None:
    is_up = False
    try:
        async with Sandbox(plan) as sandbox, asyncio.timeout(duration):
            is_up = True
            passwords = dict(sandbox.passwords) if tells_passwords else {}
            sandbox_info.tell(sandbox, screen, passwords)
            for line in _instructions(sandbox, passwords):
                screen.say(line)
            await asyncio.Event().wait()
    except (TimeoutError, asyncio.CancelledError):
        if not is_up:
            raise Interrupted("ended before it was ready") from None


def _instructions(sandbox: Sandbox, passwords: Mapping[str, str]) -> list[str]:
    first, *others = sandbox.passwords
    lines = [
        f"The SIP sandbox is running at {sandbox.server}; Ctrl-C stops it.",
        "",
        "Extensions to call:",
        *sandbox_info.extensions(),
        "",
        "In another terminal:",
        *sandbox_info.environment(sandbox, first, passwords),
        "  sipcli call echo --audio-in tone:440 --duration 3",
    ]
    for name in others[:1]:
        lines += [
            "",
            "To receive calls, in a third terminal:",
            *sandbox_info.environment(sandbox, name, passwords),
            "  sipcli listen --auto-answer --echo",
            f"then call it from the second one: sipcli call {name}",
        ]
    return lines


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
