"""Connection options that are the same for every server."""

import ssl
from dataclasses import dataclass, field
from typing import Self

from sipcli.config.settings import Settings
from sipcli.net.tls import client_context


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """How to connect; the same for every server. All times are seconds."""

    connect_timeout: float = 10.0
    """For DNS, TCP, TLS and the upgrade together."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """Made once, since it reads files; None if no server uses TLS."""
    origin: str | None = None
    """The Origin header (RFC 6455 §10.2); None sends none, as no browser is involved."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """More headers for the upgrade request; they may hold credentials."""
    user_agent: str | None = None
    ping_interval: float = 15.0
    """Between a pong and the next ping. With `ping_timeout` it makes 25 s: a dead link has
    to be known within 30 s, and proxies drop connections that are silent for 60 s."""
    ping_timeout: float = 10.0
    """For the pong."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Build the options from `settings`.

        Raises `ConfigError` if a `tls_…` file cannot be used, even if no server needs it.
        """
        files = (settings.tls_ca_file, settings.tls_client_certificate, settings.tls_client_key)
        tls = None
        if any(files) or any(server.secure for server in settings.ws_servers):
            tls = client_context(
                ca_file=settings.tls_ca_file,
                certificate=settings.tls_client_certificate,
                key=settings.tls_client_key,
                verify=settings.tls_verify,
            )
        return cls(
            connect_timeout=settings.connect_timeout,
            tls=tls,
            origin=settings.origin,
            headers=settings.ws_headers,
            user_agent=settings.user_agent,
        )
