"""`sipcli message`: send one instant message."""

import sys

import click

from sipcli.cli.command_help import Command
from sipcli.cli.command_session import CommandSession, resolve_target, run_session
from sipcli.cli.options import SIGNALLING, Invocation, settings_options
from sipcli.phone.waiter import FOREVER

MAX_TEXT_BYTES = 48 * 1024
"""Leaves room for any headers in a SIP message of 64 KiB."""


@click.command(cls=Command)
@click.argument("target")
@click.argument("text")
@settings_options(shown=SIGNALLING | {"redirects"}, connects=True)
def message(invocation: Invocation, target: str, text: str) -> None:
    """Send TEXT to TARGET as an instant message (RFC 3428).

    TARGET is a SIP URI, user@host, a user or number at your own domain, or a tel: URI.
    If TEXT is -, the text is read from stdin.
    """
    words = _utf_8(text)

    async def send(session: CommandSession) -> None:
        uri = resolve_target(target, session.settings)
        async with session.phone(retry_forever=False) as phone:
            await phone.message(uri, words, timeout=FOREVER)

    run_session(invocation, "message", send)


def _utf_8(text: str) -> str:
    """Return the text of TEXT; stdin is read as UTF-8 in every locale."""
    if text == "-" and sys.stdin is None:
        raise click.BadParameter("there is no standard input", param_hint="TEXT")
    try:
        data = sys.stdin.buffer.read(MAX_TEXT_BYTES + 1) if text == "-" else text.encode()
        if len(data) > MAX_TEXT_BYTES:
            raise click.BadParameter(f"it is longer than {MAX_TEXT_BYTES} bytes", param_hint="TEXT")
        return data.decode()
    except UnicodeError:
        raise click.BadParameter("it is not UTF-8", param_hint="TEXT") from None
