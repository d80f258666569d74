"""The configured STUN and TURN servers (RFC 7064, RFC 7065), ready for gathering."""

import re
import ssl
from dataclasses import dataclass, field
from typing import Final, Self

from sipcli.config.settings import IceTransportPolicy, Settings
from sipcli.media.webrtc.stun_dtls import DtlsServer, ServerTrust
from sipcli.net.tls import client_context

PORT: Final = 3478
TLS_PORT: Final = 5349
"""Default ports (RFC 7064 §3.2, RFC 7065 §3.2)."""

_URI: Final = re.compile(
    r"(?P<scheme>stuns?|turns?):(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:?\[\]]+))"
    r"(?::(?P<port>[0-9]+))?(?:\?transport=(?P<transport>udp|tcp))?"
)


@dataclass(frozen=True, slots=True)
class IceServer:
    """One server and transport, from one URI."""

    uri: str
    """As in the settings; warnings use it as the name."""
    relays: bool
    """TURN rather than STUN."""
    secure: bool
    """`turns:` or `stuns:`."""
    host: str
    """A name or an address; IPv6 without brackets."""
    port: int
    stream: bool
    """TCP rather than UDP; never with STUN, since only UDP yields an address that media can use."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, uri: str, username: str | None = None, password: str | None = None) -> Self:
        """Parse a STUN or TURN URI (RFC 7064, RFC 7065). Raises `ValueError`."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise ValueError(f"{uri!r} is not a STUN or TURN URI")
        secure = found["scheme"].endswith("s")
        relays = found["scheme"].startswith("turn")
        transport = found["transport"] or ("tcp" if secure and relays else "udp")
        return cls(
            uri=uri,
            relays=relays,
            secure=secure,
            host=found["v6"] or found["host"],
            port=int(found["port"] or (TLS_PORT if secure else PORT)),
            stream=transport == "tcp",
            username=username,
            password=password,
        )

    @property
    def obstacle(self) -> str | None:
        """Why we do not support it; None if we do."""
        if self.relays and self.secure and not self.stream:
            return "TURN over DTLS is not supported: use transport=tcp or leave transport out"
        return None


@dataclass(slots=True)
class IceServers:
    """The gathering options of a phone, for all its calls."""

    servers: tuple[IceServer, ...] = ()
    """In the order of preference."""
    relay_only: bool = False
    """True if media may only go through a TURN server."""
    gathering_timeout: float = 2.0
    """Seconds."""
    include_loopback: bool = False
    """True to offer loopback addresses as well: the far end may be on this machine."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """For `turns:`; None if no server needs it."""
    trust: ServerTrust | None = field(default=None, repr=False)
    """For `stuns:`; None if no server needs it."""
    silent: set[IceServer] = field(default_factory=set)
    """Servers that did not answer last time; they are asked again, with a short timeout."""
    warned: set[str] = field(default_factory=set)
    """Warnings already given, not to be repeated for each call."""

    def dtls(self, server: IceServer) -> DtlsServer | None:
        """Return how to ask a STUN server over DTLS; None for a server that is not `stuns:`."""
        if not server.secure or server.relays:
            return None
        if self.trust is None:
            raise RuntimeError(f"{server.uri} must be asked over DTLS")
        return DtlsServer(server.host, self.trust)

    @classmethod
    def from_settings(cls, settings: Settings, *, include_loopback: bool = False) -> Self:
        """Return the servers of `settings`.

        Raises `ConfigError` if a `turns:` or `stuns:` server needs a `tls_…` file that cannot be
        used.
        """
        servers = [IceServer.parse(uri) for uri in settings.stun_servers]
        servers += [
            IceServer.parse(uri, relay.username, relay.password)
            for relay in settings.turn_servers
            for uri in relay.urls
        ]
        tls = trust = None
        if any(server.secure for server in servers):
            tls = client_context(
                ca_file=settings.tls_ca_file,
                certificate=settings.tls_client_certificate,
                key=settings.tls_client_key,
                verify=settings.tls_verify,
            )
        if tls is not None and any(server.secure and not server.relays for server in servers):
            trust = ServerTrust(
                tls,
                uses_system_store=settings.tls_ca_file is None,
                certificate=settings.tls_client_certificate,
                key=settings.tls_client_key,
            )
        return cls(
            servers=tuple(servers),
            relay_only=settings.ice_transport_policy is IceTransportPolicy.RELAY,
            gathering_timeout=settings.ice_gathering_timeout,
            include_loopback=include_loopback,
            tls=tls,
            trust=trust,
        )
