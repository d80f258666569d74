"""`sipcli message`: send one instant message."""

import sys

import click

from sipcli.cli.common import Command
from sipcli.cli.options import Invocation, settings_options
from sipcli.cli.outcome import failure
from sipcli.cli.session import Session, run_session
from sipcli.cli.targets import resolve_target

LONGEST_TEXT = 48 * 1024
"""Bytes: what still fits into one message of 64 KiB with its headers, whatever they are."""


@click.command(cls=Command)
@click.argument("target")
@click.argument("text")
@settings_options()
def message(invocation: Invocation, target: str, text: str) -> None:
    """Send TEXT to TARGET as an instant message (RFC 3428).

    TARGET is a SIP URI, user@host, a user or number at your own domain, or a tel: URI.
    With - as TEXT, it is read from standard input.
    """
    if text == "-":
        text = sys.stdin.read()
    if len(text.encode("utf-8", "surrogateescape")) > LONGEST_TEXT:
        raise click.BadParameter(f"is longer than {LONGEST_TEXT} bytes", param_hint="TEXT")

    async def send(session: Session) -> None:
        uri = resolve_target(target, session.settings)
        async with session.phone(patient=False) as phone:
            await phone.ready()
            outcome = await phone.send_message(uri, text)
        error = failure(f"message to {uri}", outcome)
        if error is not None:
            raise error

    run_session(invocation, "message", send)
