"""The settings as frozen values: pure, and the only module of `config` that other layers use.

The field names are the keys of the configuration file; `schema.py` documents each of them.
Defaults stand here and nowhere else. What depends on another key is a property, so that
`None` always means "not set".
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from sipcli import __version__
from sipcli.catalog.codecs import CODECS
from sipcli.sip.uri import SipUri
from sipcli.sip.uri_pattern import UriPattern

ANONYMOUS_HOST: Final = "anonymous.invalid"
"""Host of the `uri` that is used if none is set (RFC 2606 §2: it never resolves)."""


@dataclass(frozen=True, slots=True)
class WsServer:
    """A WebSocket server to connect to (RFC 7118 §3)."""

    ws_uri: str
    """A valid `ws:` or `wss:` URI in ASCII (RFC 6455 §3), scheme in lower case."""
    weight: float = 0.0
    """Servers of higher weight are tried first; equal ones in random order."""

    def __str__(self) -> str:
        """Return the URI for display, without its query, which is often a key."""
        uri = self.ws_uri.partition("?")[0]
        return uri if uri == self.ws_uri else f"{uri}?…"

    @property
    def secure(self) -> bool:
        """True for `wss:`."""
        return self._parts.scheme == "wss"

    @property
    def hostname(self) -> str:
        """The host in lower case, for resolvers and sockets: IPv6 without brackets."""
        return self._parts.hostname or ""

    @property
    def host(self) -> str:
        """The host in lower case, for URIs: IPv6 in brackets."""
        return f"[{self.hostname}]" if ":" in self.hostname else self.hostname

    @property
    def port(self) -> int:
        """The port to connect to: the one in the URI, else 80 or 443 (RFC 6455 §3)."""
        return self._parts.port or (443 if self.secure else 80)

    @property
    def has_port(self) -> bool:
        """True if the URI has an explicit port."""
        return self._parts.port is not None

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.ws_uri)


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A TURN server and its credentials (RFC 8656, RFC 7065)."""

    urls: tuple[str, ...]
    """`turn:` and `turns:` URIs of the same server."""
    username: str | None = None
    """None if the server needs no credentials."""
    password: str | None = field(default=None, repr=False)


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The `log` table."""

    level: LogLevel = LogLevel.WARNING
    file: str | None = None
    """None means stderr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """The `audio` table; the words are those of `--audio-in` and `--audio-out`."""

    input: str = "device"
    output: str = "device"
    ring: str = "device"
    echo_cancellation: bool | Literal["auto"] = "auto"
    """"auto": where the package that does it is installed; without devices there is none."""
    noise_suppression: bool = False
    gain_control: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opus:
    """The `opus` table: how we encode, and what we request from the far end."""

    bitrate: int = 32_000
    """Average bit rate in bits per second, 6000 to 510000."""
    complexity: int = 7
    """0 to 10."""
    fec: bool = True
    dtx: bool = False
    red: bool = True


class IceTransportPolicy(StrEnum):
    """Which ICE candidates may be used (W3C WebRTC 1.0, RTCIceTransportPolicy)."""

    ALL = "all"
    RELAY = "relay"


class Permission(StrEnum):
    """The decision on a request of the far end."""

    ASK = "ask"
    """The user of the call decides: a person, a script or a program."""
    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """Which targets a far end may send us to: `accepted` ones; for others, `otherwise` decides."""

    otherwise: Permission = Permission.ASK
    accepted: tuple[UriPattern, ...] = ()
    is_unattended: bool = field(default=False, compare=False)
    """True if `otherwise` was to ask, but there is no one to ask."""

    def decide(self, target: SipUri, home: SipUri) -> Permission:
        """Return the decision on a request to call `target`; `home` is our own URI."""
        if any(pattern.matches(target, home) for pattern in self.accepted):
            return Permission.ACCEPT
        return self.otherwise

    @property
    def unattended(self) -> "PeerPolicy":
        """The same policy without a user to ask: refuse instead of asking."""
        is_asking = self.otherwise is Permission.ASK
        if not is_asking:
            return self
        return replace(self, otherwise=Permission.REFUSE, is_unattended=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. Times are in seconds. Secrets do not appear in `repr`."""

    uri: SipUri
    instance_id: UUID

    ws_servers: tuple[WsServer, ...] = ()
    authorization_user: str | None = None
    connection_recovery_max_interval: int = 30
    connection_recovery_min_interval: int = 2
    display_name: str | None = None
    hack_ip_in_contact: bool = False
    hack_via_tcp: bool = False
    log: Log = Log()
    no_answer_timeout: int = 60
    password: str | None = field(default=None, repr=False)
    register: bool = True
    register_expires: int = 600
    registrar_server: SipUri | None = None
    stun_servers: tuple[str, ...] = ("stun:stun.l.google.com:19302",)
    trace_sip: bool = False
    turn_servers: tuple[TurnServer, ...] = ()
    use_preloaded_route: bool = False

    ha1: str | None = field(default=None, repr=False)
    password_command: str | None = field(default=None, repr=False)
    keyring: bool = False
    tls_ca_file: str | None = None
    tls_client_certificate: str | None = None
    tls_client_key: str | None = None
    tls_verify: bool = True
    origin: str | None = None
    ws_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    connect_timeout: float = 10.0
    ice_gathering_timeout: float = 2.0
    ice_transport_policy: IceTransportPolicy = IceTransportPolicy.ALL
    max_calls: int = 4
    transfers: PeerPolicy = PeerPolicy()
    redirects: PeerPolicy = PeerPolicy(Permission.ACCEPT)
    contact_transport: str = "ws"
    user_agent: str = f"sipcli/{__version__}"
    codecs: tuple[str, ...] = tuple(CODECS)
    audio: Audio = Audio()
    opus: Opus = Opus()

    @property
    def username(self) -> str:
        """The user name of credentials: `authorization_user`, else the decoded user of `uri`."""
        return self.authorization_user or self.uri.user or ""

    @property
    def registrar(self) -> SipUri:
        """Where REGISTER goes: `registrar_server`, else `uri` without its user (RFC 3261 §10.2)."""
        return self.registrar_server or replace(self.uri, user=None)

    @property
    def is_local(self) -> bool:
        """True if a server is on this machine: the far end may then use loopback addresses, too."""
        hosts = {server.hostname for server in self.ws_servers}
        return any(host in ("localhost", "::1") or host.startswith("127.") for host in hosts)

    @property
    def is_anonymous(self) -> bool:
        """True if `uri` was not set."""
        return self.uri.host == ANONYMOUS_HOST

    @property
    def unattended(self) -> "Settings":
        """The same settings without a user to ask about transfers and redirects."""
        return replace(
            self, transfers=self.transfers.unattended, redirects=self.redirects.unattended
        )
