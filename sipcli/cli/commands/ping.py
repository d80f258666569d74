"""`sipcli ping`: send OPTIONS and time the reply."""

import asyncio
from dataclasses import dataclass, field
from statistics import median

import click

from sipcli.cli.command_help import Command, option
from sipcli.cli.command_session import CommandSession, resolve_target, run_session
from sipcli.cli.options import SIGNALLING, Invocation, settings_options
from sipcli.cli.shared_options import Seconds, Whole
from sipcli.errors import Interrupted, SipcliError
from sipcli.phone.errors import PingResult
from sipcli.phone.phone import Phone
from sipcli.phone.waiter import FOREVER
from sipcli.sip.uri import Uri


@dataclass(slots=True)
class Tally:
    """The results of the pings so far."""

    sent: int = 0
    times: list[float] = field(default_factory=list)
    """Round-trip times of answered pings, in ms."""
    failure: SipcliError | None = None
    """The first failure: not answered 2xx."""

    def add(self, result: PingResult) -> None:
        """Add one result."""
        self.sent += 1
        if result.rtt_ms is not None:
            self.times.append(result.rtt_ms)
        self.failure = self.failure or result.failure

    def summary(self) -> str:
        """Return the counts and times in one line."""
        lost = self.sent - len(self.times)
        counts = f"{self.sent} sent, {len(self.times)} answered, {lost / self.sent:.0%} lost"
        if not self.times:
            return counts
        low, middle, high = min(self.times), median(self.times), max(self.times)
        return f"{counts}; min/median/max {low:.1f}/{middle:.1f}/{high:.1f} ms"


@click.command(cls=Command)
@click.argument("target")
@option(
    "--count",
    type=Whole(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of pings.",
)
@option(
    "--interval",
    type=Seconds(min=0),
    default=1,
    show_default=True,
    metavar="SECONDS",
    help="Time from one ping to the next; a late answer delays it.",
)
@settings_options(shown=SIGNALLING | {"redirects"}, connects=True)
def ping(invocation: Invocation, target: str, count: int, interval: float) -> None:
    """Send OPTIONS to TARGET and time the reply.

    Exits with 0 if every ping was answered 2xx; otherwise the first failure sets the exit
    code.
    """

    async def work(session: CommandSession) -> None:
        uri = resolve_target(target, session.settings)
        tally = Tally()
        try:
            async with session.phone(retry_forever=False) as phone:
                await phone.register(timeout=FOREVER)
                await _ping(phone, uri, tally, count, interval)
        except asyncio.CancelledError:
            if not tally.sent:
                raise Interrupted("interrupted before the first answer") from None
        finally:
            if tally.sent > 1:
                session.screen.say(tally.summary())
        if tally.failure is not None:
            raise tally.failure

    run_session(invocation, "ping", work)


async def _ping(phone: Phone, uri: Uri, tally: Tally, count: int, interval: float) -> None:
    for number in range(count):
        pause = asyncio.sleep(interval if number < count - 1 else 0)
        _, result = await asyncio.gather(pause, phone.probe(uri))
        tally.add(result)
