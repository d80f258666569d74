"""`sipcli register`: register and stay registered."""

import asyncio

import click

from sipcli.cli.common import Command, Seconds
from sipcli.cli.options import Invocation, settings_options
from sipcli.cli.session import Session, run_session
from sipcli.cli.wording import bindings
from sipcli.core.events import Registered
from sipcli.errors import Interrupted


@click.command(cls=Command)
@click.option("--once", is_flag=True, help="Register, show the bindings, unregister, end.")
@click.option(
    "--duration",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="End after this time; without it, at Ctrl-C.",
)
@settings_options(sandbox=True)
def register(invocation: Invocation, once: bool, duration: float | None) -> None:
    """Register, and stay registered through lost connections until told to end.

    Instant messages that arrive meanwhile are shown.
    """
    work = _once if once else lambda session: _stay(session, duration)
    run_session(invocation, "register", work)


async def _once(session: Session) -> None:
    async with session.phone(patient=False) as phone:
        event = await phone.ready()
        if isinstance(event, Registered):
            for line in bindings(event):
                session.screen.say(line)


async def _stay(session: Session, duration: float | None) -> None:
    was_ready = False
    try:
        async with session.phone(patient=True) as phone, asyncio.timeout(duration):
            try:
                await phone.ready()
                await asyncio.Event().wait()
            finally:
                was_ready = phone.was_ready
    except (TimeoutError, asyncio.CancelledError):
        if not was_ready:
            raise Interrupted("ended before it was registered") from None
