"""A capture agent by the settings: what a journal records goes to their HEP server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sipcli.config.settings import Settings
from sipcli.journal.journal import Journal


@asynccontextmanager
async def hep_agent(
    settings: Settings, journal: Journal, warn: Callable[[str], None]
) -> AsyncIterator[None]:
    """Send SIP and RTCP to `hep_server` meanwhile, if it is set.

    `warn` is told once if the server is away or slow. Raises `ConfigError` for `tls_ca_file`.
    """
    if settings.hep_server is None:
        yield
        return
    from sipcli.evidence.hep_sender import HepSender  # late: few need it

    agent = HepSender(
        settings.hep_server,
        agent_id=settings.hep_id,
        password=settings.hep_password,
        tls_ca_file=settings.tls_ca_file,
        tls_verify=settings.tls_verify,
        warn=warn,
    )
    async with agent:
        agent.attach(journal)
        yield
