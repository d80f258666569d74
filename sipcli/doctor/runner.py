"""All checks in their order: what depends on one that failed is left out, the rest still runs."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.doctor.challenges import ChallengeWatch
from sipcli.doctor.check import good, not_run
from sipcli.doctor.connection import connection_checks, dial_all
from sipcli.doctor.devices import check_devices, uses
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.doctor.registration import check_registration, missing_password
from sipcli.doctor.report import Report
from sipcli.doctor.self_call import call_ourselves
from sipcli.doctor.servers import server_checks
from sipcli.doctor.trial_call import call_checks, place, unreachable
from sipcli.errors import MissingPassword, Phase
from sipcli.media.transport.ice_servers import IceServers
from sipcli.media.transport.survey import survey
from sipcli.net.options import LinkOptions
from sipcli.observer import Observer
from sipcli.sip.uri import Uri


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRun:
    """Whom to examine."""

    settings: Settings
    described: str
    """Where the settings come from."""
    credentials: Credentials | None
    observer: Observer
    echo: Uri | None
    """Who sends back what is heard; None: nobody but ourselves."""
    can_ask: bool
    """Whether a password that is missing can be asked for."""


async def examine(retry_forever: DoctorRun, report: Report, begin: Callable[[str], None]) -> None:
    """Run all checks. `begin` is told, in words, what is looked at next.

    Raises `ConfigError` before the first check where the settings are of no use, and
    `MissingPassword` where it can be asked for: then examine again, with the same report.
    """
    settings = retry_forever.settings
    options = LinkOptions.from_settings(settings)
    ice_servers = IceServers.from_settings(settings, include_loopback=settings.is_local)
    wanted = uses(settings.audio)
    report.add(good(Phase.CONFIGURATION, f"{settings.uri}, {retry_forever.described}"))
    begin("connecting")
    attempts = await dial_all(settings.ws_servers, options)
    report.add(*connection_checks(attempts, datetime.now(UTC)))
    reached = tuple(attempt.server for attempt in attempts if attempt.fault is None)
    async with AsyncExitStack() as stack:
        line = None
        if reached:
            begin("registering")
            line = await _register(
                replace(settings, ws_servers=reached), retry_forever, report, stack
            )
        else:
            report.add(not_run(Phase.REGISTRATION, "no server was reached"))
        begin("querying the STUN and TURN servers")
        report.add(*server_checks(await survey(ice_servers)))
        begin("placing a test call")
        if line is not None:
            await _call(line, retry_forever, report)
        else:
            report.add(*unreachable("there is no registration"))
    begin("checking the sound devices")
    report.add(await asyncio.to_thread(check_devices, wanted))


async def _register(
    settings: Settings, retry_forever: DoctorRun, report: Report, stack: AsyncExitStack
) -> ProbePhone | None:
    """A phone that can call; None where the registrar does not want it."""
    challenges = ChallengeWatch(retry_forever.observer)
    line = ProbePhone(settings, retry_forever.credentials, challenges)
    await stack.enter_async_context(line)
    try:
        check = await check_registration(line, challenges)
    except MissingPassword:
        if retry_forever.can_ask:
            raise
        check = missing_password(challenges)
    report.add(check)
    return line if check.ok is not False else None


async def _call(line: ProbePhone, retry_forever: DoctorRun, report: Report) -> None:
    if retry_forever.echo is not None:
        report.add(*call_checks(await place(line, retry_forever.echo)))
    else:
        report.add(*await call_ourselves(line, retry_forever.credentials, retry_forever.observer))
