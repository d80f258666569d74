"""Run all checks in order. A check is not run if one that it depends on has failed."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.doctor.check import DoctorReport, good, not_run
from sipcli.doctor.connection import connection_checks, dial_all
from sipcli.doctor.devices import check_devices, uses
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.doctor.registration_check import ChallengeWatch, check_registration, missing_password
from sipcli.doctor.stun_turn import server_checks
from sipcli.doctor.trial_call import call_checks, call_ourselves, place, unreachable
from sipcli.errors import MissingPassword, Phase
from sipcli.journal.journal import Journal
from sipcli.media.transport.ice_servers import IceServers
from sipcli.media.transport.server_probe import probe_servers
from sipcli.net.link_options import LinkOptions
from sipcli.sip.uri import Uri


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRun:
    """One run of the doctor: the account to check, and how."""

    settings: Settings
    described: str
    """The source of the settings, in words."""
    credentials: Credentials | None
    journal: Journal
    echo: Uri | None
    """The phone to call, which sends back what it hears; None: a second phone of this account."""
    can_ask: bool
    """True if a missing password can be asked for."""


async def run_checks(run: DoctorRun, report: DoctorReport, begin: Callable[[str], None]) -> None:
    """Run all checks. `begin` is called with each step that starts, in words.

    Raises `ConfigError` before the first check if the settings are invalid, and
    `MissingPassword` if a password can be asked for: then call this again, with the same report.
    """
    settings = run.settings
    options = LinkOptions.from_settings(settings)
    ice_servers = IceServers.from_settings(settings, include_loopback=settings.is_local)
    wanted = uses(settings.audio)
    report.add(good(Phase.CONFIGURATION, f"{settings.uri}, {run.described}"))
    begin("connecting")
    attempts = await dial_all(settings.ws_servers, options, run.journal)
    report.add(*connection_checks(attempts, datetime.now(UTC)))
    reached = tuple(attempt.server for attempt in attempts if attempt.problem is None)
    async with AsyncExitStack() as stack:
        phone = None
        if reached:
            begin("registering")
            phone = await _register(replace(settings, ws_servers=reached), run, report, stack)
        else:
            report.add(not_run(Phase.REGISTRATION, "no server was reached"))
        begin("querying the STUN and TURN servers")
        report.add(*server_checks(await probe_servers(ice_servers)))
        begin("placing a test call")
        if phone is not None:
            await _call(phone, run, report)
        else:
            report.add(*unreachable("there is no registration"))
    begin("checking the sound devices")
    report.add(await asyncio.to_thread(check_devices, wanted))


async def _register(
    settings: Settings, run: DoctorRun, report: DoctorReport, stack: AsyncExitStack
) -> ProbePhone | None:
    """Return a phone that can place calls; None if the registration failed."""
    challenges = ChallengeWatch(run.journal)
    phone = ProbePhone(settings, run.credentials, run.journal)
    await stack.enter_async_context(phone)
    try:
        check = await check_registration(phone, challenges)
    except MissingPassword:
        if run.can_ask:
            raise
        check = missing_password(challenges)
    report.add(check)
    return phone if check.ok is not False else None


async def _call(phone: ProbePhone, run: DoctorRun, report: DoctorReport) -> None:
    if run.echo is not None:
        report.add(*call_checks(await place(phone, run.echo)))
    else:
        report.add(*await call_ourselves(phone, run.credentials, run.journal))
