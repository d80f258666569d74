"""What can be set, as frozen values: pure, and the only module of `config` that other layers see.

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
"""Host of the `uri` that stands in where none is set (RFC 2606 §2: it never resolves)."""


@dataclass(frozen=True, slots=True)
class WsServer:
    """A WebSocket server to connect to (RFC 7118 §3)."""

    ws_uri: str
    """A valid `ws:` or `wss:` URI in ASCII (RFC 6455 §3), scheme in lower case."""
    weight: float = 0.0
    """Servers of higher weight are tried first; equal ones in random order."""

    def __str__(self) -> str:
        """The URI as it may be shown: what stands in the query is often a key, so it does not."""
        uri = self.ws_uri.partition("?")[0]
        return uri if uri == self.ws_uri else f"{uri}?…"

    @property
    def secure(self) -> bool:
        """Whether TLS is asked for."""
        return self._parts.scheme == "wss"

    @property
    def hostname(self) -> str:
        """The host in lower case as resolvers and sockets take it: IPv6 without brackets."""
        return self._parts.hostname or ""

    @property
    def host(self) -> str:
        """The host in lower case as URIs take it: IPv6 in brackets."""
        return f"[{self.hostname}]" if ":" in self.hostname else self.hostname

    @property
    def port(self) -> int:
        """The port to connect to: the one written, else 80 or 443 (RFC 6455 §3)."""
        return self._parts.port or (443 if self.secure else 80)

    @property
    def has_port(self) -> bool:
        """Whether the URI itself names a port."""
        return self._parts.port is not None

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.ws_uri)


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A media relay and the credentials it takes (RFC 8656, RFC 7065)."""

    urls: tuple[str, ...]
    """`turn:` and `turns:` URIs of one and the same server."""
    username: str | None = None
    """None where the relay asks for no credentials."""
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
    """The `opus` table: how speech is encoded, and what is asked of the far end."""

    bitrate: int = 32_000
    """Bits a second, on average: 6000 to 510000."""
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
    """What becomes of something that a far end wants us to do."""

    ASK = "ask"
    """Whoever leads the call decides: a person, a script, a program."""
    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """Where a far end may send us: `accepted` targets at once, all others as `otherwise` says."""

    otherwise: Permission = Permission.ASK
    accepted: tuple[UriPattern, ...] = ()

    def decide(self, target: SipUri, home: SipUri) -> Permission:
        """What becomes of a request to call `target`; `home` is who we are."""
        if any(pattern.matches(target, home) for pattern in self.accepted):
            return Permission.ACCEPT
        return self.otherwise

    @property
    def unattended(self) -> "PeerPolicy":
        """The same where there is no one to ask: what would be asked about is refused."""
        is_asking = self.otherwise is Permission.ASK
        return replace(self, otherwise=Permission.REFUSE) if is_asking else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting in force. Units: seconds. Secrets do not appear in `repr`."""

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
        """Whether a server is on this machine: then loopback addresses reach the far end too."""
        hosts = {server.hostname for server in self.ws_servers}
        return any(host in ("localhost", "::1") or host.startswith("127.") for host in hosts)

    @property
    def is_anonymous(self) -> bool:
        """Whether `uri` is the stand-in for one that was not set."""
        return self.uri.host == ANONYMOUS_HOST

    @property
    def unattended(self) -> "Settings":
        """The same where there is no one to ask about transfers and redirects."""
        return replace(
            self, transfers=self.transfers.unattended, redirects=self.redirects.unattended
        )
