"""Connect to each WebSocket server: the checks of DNS, TCP, TLS and the upgrade."""

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sipcli.config.server_settings import WsServer
from sipcli.doctor.check import Check, bad, good, idle, not_run
from sipcli.errors import Phase
from sipcli.journal.journal import Journal
from sipcli.net.dial import dial
from sipcli.net.errors import (
    DialError,
    LinkDetails,
    Problem,
    ServerCertificate,
    excerpt,
)
from sipcli.net.link_options import LinkOptions

PHASES: Final = (Phase.DNS, Phase.TCP, Phase.TLS, Phase.WEBSOCKET)
MIN_DAYS_LEFT: Final = 14
"""A certificate with fewer days left gets a hint to renew it."""

_HINTS: Final[Mapping[Phase, str]] = {
    Phase.DNS: "check the host name in ws_servers",
    Phase.TCP: "check the network and the firewall",
    Phase.TLS: "check the server's certificate and TLS versions",
    Phase.WEBSOCKET: "check the address and path in ws_servers",
}
"""Hints for problems that bring none of their own."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One server, connected to and disconnected from at once."""

    server: WsServer
    details: LinkDetails
    """What was learnt before it failed, or in all."""
    failed_at: Phase | None = None
    """None if the WebSocket opened; then `problem` is None, too."""
    problem: Problem | None = None


async def dial_all(
    servers: Iterable[WsServer], options: LinkOptions, journal: Journal
) -> tuple[Attempt, ...]:
    """Connect to all servers at the same time; takes at most `connect_timeout` seconds."""
    return tuple(await asyncio.gather(*(_dial(server, options, journal) for server in servers)))


async def _dial(server: WsServer, options: LinkOptions, journal: Journal) -> Attempt:
    try:
        link = await dial(server, options, journal)
    except DialError as failed:
        return Attempt(server, failed.details, failed.phase.whole, failed.problem)
    await link.close()
    return Attempt(server, link.details)


def connection_checks(attempts: Sequence[Attempt], now: datetime) -> tuple[Check, ...]:
    """Return the four checks of the connections. One server that fails is a fault, even if
    others work.
    """
    return tuple(_check(phase, attempts, now) for phase in PHASES)


def _check(phase: Phase, attempts: Sequence[Attempt], now: datetime) -> Check:
    problems: list[str] = []
    found: list[str] = []
    hints: list[str] = []
    for attempt in attempts:
        prefix = f"{attempt.server}: " if len(attempts) > 1 else ""
        if attempt.failed_at is phase and attempt.problem is not None:
            problems.append(prefix + attempt.problem.what)
            hints.append(attempt.problem.hint or _HINTS[phase])
            if phase is Phase.TLS and attempt.details.certificate is not None:
                problems.append(
                    f"{prefix}it presented a {_certificate_found(attempt.details.certificate, now)}"
                )
        elif not _passed(phase, attempt):
            continue
        else:
            found += [prefix + text for text in _found(phase, attempt, now)]
            hints += _hints(phase, attempt, now)
    hint = hints[0] if hints else None
    if problems:
        return bad(phase, *problems, *found, hint=hint or _HINTS[phase])
    if found:
        return good(phase, *found, hint=hint)
    if any(_passed(phase, attempt) for attempt in attempts):
        return idle(phase, "not used with ws:")
    return not_run(phase, "no server was reached")


def _passed(phase: Phase, attempt: Attempt) -> bool:
    """True if the attempt passed this step."""
    failed_at = attempt.failed_at
    return failed_at is None or PHASES.index(phase) < PHASES.index(failed_at)


def _found(phase: Phase, attempt: Attempt, now: datetime) -> tuple[str, ...]:
    """Return the findings of a step that passed; none if it was not needed."""
    details = attempt.details
    match phase:
        case Phase.DNS:
            return (_dns_found(attempt),)
        case Phase.TCP if details.proxy is not None:
            return (f"through the proxy {details.proxy} (from the environment)",)
        case Phase.TCP:
            return (f"{details.peer_address}{_took(details, Phase.TCP)}",)
        case Phase.TLS:
            return _tls_found(details, now)
        case _:
            speaks = f", by {details.http_server}" if details.http_server else ""
            took = _took(details, Phase.HTTP)
            return (f"subprotocol {details.subprotocol}{speaks}{took}",)


def _dns_found(attempt: Attempt) -> str:
    details, host = attempt.details, attempt.server.hostname
    if details.proxy is not None:
        return f"the proxy {details.proxy} looks up {host}"
    if _is_address(host):
        return f"{host} is an address: nothing to look up"
    return f"{host} resolves to {', '.join(details.addresses)}{_took(details, Phase.DNS)}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _tls_found(details: LinkDetails, now: datetime) -> tuple[str, ...]:
    if details.tls_version is None:
        return ()
    certificate = details.certificate
    shown = (_certificate_found(certificate, now),) if certificate is not None else ()
    return (f"{details.tls_version}, {details.cipher}", *shown)


def _certificate_found(certificate: ServerCertificate, now: datetime) -> str:
    days = (certificate.not_after - now).days
    left = f"{days} days left" if days >= 0 else f"expired {-days} days ago"
    subject, issuer = excerpt(certificate.subject), excerpt(certificate.issuer)
    return f"certificate of {subject or '(no name)'}, issued by {issuer or '(no name)'}, {left}"


def _hints(phase: Phase, attempt: Attempt, now: datetime) -> list[str]:
    """Return hints for a step that passed."""
    details = attempt.details
    if phase is not Phase.TLS:
        return []
    if details.warnings:
        return list(details.warnings)
    certificate = details.certificate
    if certificate is not None and (certificate.not_after - now).days < MIN_DAYS_LEFT:
        return [f"renew the certificate by {certificate.not_after:%Y-%m-%d}"]
    return []


def _took(details: LinkDetails, phase: Phase) -> str:
    took = dict(details.elapsed_ms).get(phase)
    return "" if took is None else f" ({took:.0f} ms)"
