"""`sipcli register`: register and stay registered."""

import asyncio
from typing import Final

import click

from sipcli.cli.command_help import Command, option
from sipcli.cli.command_session import CommandSession, run_session
from sipcli.cli.options import SIGNALLING, Invocation, settings_options
from sipcli.cli.output.wording import bindings
from sipcli.cli.shared_options import Seconds
from sipcli.errors import Interrupted
from sipcli.phone.events import Registered
from sipcli.phone.waiter import FOREVER

_TOO_SOON: Final = "ended before it was registered"


@click.command(cls=Command)
@option("--once", is_flag=True, help="Register, show the bindings, unregister and exit.")
@option(
    "--duration",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="End after this time; by default, at Ctrl-C.",
)
@settings_options(shown=SIGNALLING, connects=True)
def register(invocation: Invocation, once: bool, duration: float | None) -> None:
    """Register, and stay registered through lost connections until stopped.

    Instant messages are shown as they arrive.
    """
    work = _once if once else _stay
    run_session(invocation, "register", lambda session: work(session, duration))


async def _once(session: CommandSession, duration: float | None) -> None:
    try:
        async with session.phone(retry_forever=False) as phone, asyncio.timeout(duration):
            event = await phone.register(timeout=FOREVER)
            if isinstance(event, Registered):
                for line in bindings(event):
                    session.screen.say(line)
    except TimeoutError:
        raise Interrupted(_TOO_SOON) from None


async def _stay(session: CommandSession, duration: float | None) -> None:
    was_ready = False
    try:
        async with session.phone(retry_forever=True) as phone, asyncio.timeout(duration):
            try:
                await phone.register(timeout=FOREVER)
                await asyncio.Event().wait()
            finally:
                was_ready = phone.registration.was_ready
    except (TimeoutError, asyncio.CancelledError):
        if not was_ready:
            raise Interrupted(_TOO_SOON) from None
