"""The settings as frozen values. Each field declares its key: default, type and help.

What depends on another key is a property, so that `None` always means "not set".
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sipcli import __version__
from sipcli.catalog.codecs import CODECS
from sipcli.config.account import Account
from sipcli.config.keys import Section, key, keys_of
from sipcli.config.list_types import codecs, headers
from sipcli.config.policies import PeerPolicy, Permission, peer_policy
from sipcli.config.server_settings import (
    HepServer,
    TurnServer,
    WsServer,
    hep_server,
    stun_servers,
    turn_servers,
    ws_servers,
)
from sipcli.config.tables import AudioTable, LogTable, OpusTable
from sipcli.config.types import (
    boolean,
    choice,
    origin_kind,
    path_kind,
    seconds,
    text_kind,
    token_kind,
    whole,
    whole_seconds,
)


class IceTransportPolicy(StrEnum):
    """Which ICE candidates may be used (W3C WebRTC 1.0, RTCIceTransportPolicy)."""

    ALL = "all"
    RELAY = "relay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Account):
    """All settings. Times are in seconds. Secrets do not appear in `repr`."""

    ws_servers: tuple[WsServer, ...] = key(
        (),
        ws_servers(),
        Section.CONNECTION,
        "The WebSocket servers to connect to. Servers with a higher weight (default 0) are "
        "tried first, those with the same weight in random order. The default port is 80 for ws: "
        "and 443 for wss:.",
        example='["wss://sip.example.org/ws", { ws_uri = "wss://b.example.org", weight = -1 }]',
    )
    connect_timeout: float = key(
        10.0,
        seconds(),
        Section.CONNECTION,
        "How long connecting to one server may take, in seconds. "
        "It covers DNS, TCP, TLS and the WebSocket handshake.",
    )
    connection_recovery_min_interval: int = key(
        2,
        whole_seconds(),
        Section.CONNECTION,
        "The minimum wait before reconnecting, in whole seconds.",
        rare=True,
    )
    connection_recovery_max_interval: int = key(
        30,
        whole_seconds(),
        Section.CONNECTION,
        "The maximum wait before reconnecting, in whole seconds.",
        rare=True,
    )
    tls_ca_file: str | None = key(
        None,
        path_kind("the path of a file with certificates in PEM form"),
        Section.CONNECTION,
        "Certificate authorities to trust instead of the system's, in PEM format. They apply "
        "to wss:, turns: and stuns:.",
        example='"/etc/ssl/certs/example-ca.pem"',
    )
    tls_client_certificate: str | None = key(
        None,
        path_kind("the path of a certificate in PEM form"),
        Section.CONNECTION,
        "A client certificate for the server, in PEM format. The file may hold the key, too.",
        example='"client.pem"',
        rare=True,
    )
    tls_client_key: str | None = key(
        None,
        path_kind("the path of a private key in PEM form"),
        Section.CONNECTION,
        "The private key of tls_client_certificate, in PEM format.",
        example='"client-key.pem"',
        rare=True,
    )
    tls_verify: bool = key(
        True,
        boolean(),
        Section.CONNECTION,
        "Verify the server's certificate. Without this, anyone on the path can listen in.",
    )
    origin: str | None = key(
        None,
        origin_kind(),
        Section.CONNECTION,
        "The Origin header of the WebSocket handshake, for servers that require one.",
        example='"https://phone.example.org"',
        rare=True,
    )
    ws_headers: tuple[tuple[str, str], ...] = key(
        (),
        headers(),
        Section.CONNECTION,
        "Additional headers for the WebSocket handshake. Their values are treated as secrets.",
        example='{ X-Tenant = "blue" }',
        secret=True,
        rare=True,
    )
    user_agent: str = key(
        f"sipcli/{__version__}",
        text_kind("text without control characters"),
        Section.WIRE,
        "The value of the User-Agent and Server headers.",
        example='"Desk phone"',
        derived="sipcli/ and the version",
        rare=True,
    )
    contact_transport: str = key(
        "ws",
        token_kind("a transport such as ws", "TRANSPORT"),
        Section.WIRE,
        "The transport parameter of our Contact. "
        "ws is correct for wss:, too (RFC 7118); some servers need another value.",
        rare=True,
    )
    use_preloaded_route: bool = key(
        False,
        boolean(),
        Section.WIRE,
        "Send a Route header with the WebSocket server in every request outside a dialog. Some "
        "outbound proxies require it.",
        rare=True,
    )
    hack_ip_in_contact: bool = key(
        False,
        boolean(),
        Section.WIRE,
        "Use a random IP address as host in Contact and Via. "
        "For registrars that do not accept domain names there.",
        rare=True,
    )
    hack_via_tcp: bool = key(
        False,
        boolean(),
        Section.WIRE,
        "Use TCP as transport in Via. For servers that do not understand WS or WSS there.",
        rare=True,
    )
    no_answer_timeout: int = key(
        60,
        whole_seconds(),
        Section.CALLS,
        "How long an incoming call rings, in whole seconds. Then it is rejected with 408.",
    )
    max_calls: int = key(
        4,
        whole("a whole number of calls above 0, such as 4", "N", highest=100_000),
        Section.CALLS,
        "The maximum number of calls at a time.",
        rare=True,
    )
    max_lingering_calls: int = key(
        100,
        whole("a whole number of calls above 0, such as 100", "N", highest=1_000_000),
        Section.CALLS,
        "The maximum number of ended calls that wait for the far end to confirm their end. "
        "Beyond it, incoming calls are rejected with 486.",
        rare=True,
    )
    max_transactions: int = key(
        1000,
        whole("a whole number of requests above 0, such as 1000", "N", highest=1_000_000),
        Section.CALLS,
        "The maximum number of received requests in progress at a time, inside and outside calls "
        "each. Beyond it, requests are rejected with 503.",
        rare=True,
    )
    transfers: PeerPolicy = key(
        PeerPolicy(),
        peer_policy(),
        Section.CALLS,
        "What to do when the far end of a call asks us to call someone else (REFER). ask: you "
        "decide, with a key, a line of --stdin or in Python; if nothing can ask you, the transfer "
        "is refused. Patterns such as sip:*@example.org or tel:+49* are accepted; for other "
        "targets you are asked or, with refuse beside the patterns, they are refused. The new "
        "call counts in max_calls.",
    )
    redirects: PeerPolicy = key(
        PeerPolicy(Permission.ACCEPT),
        peer_policy(),
        Section.CALLS,
        "What to do when our call is answered with another address or a proxy (3xx). "
        "Takes the same values as transfers; a call that a transfer started needs the permission "
        "of both keys.",
    )
    codecs: tuple[str, ...] = key(
        tuple(CODECS),
        codecs(),
        Section.MEDIA,
        "The audio codecs to offer and accept, in order of preference.",
    )
    stun_servers: tuple[str, ...] = key(
        ("stun:stun.l.google.com:19302",),
        stun_servers(),
        Section.MEDIA,
        "STUN servers that report our public address: stun:HOST, stuns:HOST to use DTLS"
        " (RFC 7350), or none. In the file, [] stands for none.",
    )
    turn_servers: tuple[TurnServer, ...] = key(
        (),
        turn_servers(),
        Section.MEDIA,
        "TURN servers that relay media if there is no direct path.",
        example='{ urls = "turn:turn.example.org", username = "alice", password = "secret" }',
        secret=True,
    )
    ice_transport_policy: IceTransportPolicy = key(
        IceTransportPolicy.ALL,
        choice(IceTransportPolicy),
        Section.MEDIA,
        "Which paths media may take. relay: only through a TURN server, which hides our address.",
    )
    ice_gathering_timeout: float = key(
        2.0,
        seconds(),
        Section.MEDIA,
        "How long to gather ICE candidates before a call is sent, in seconds.",
        rare=True,
    )
    audio: AudioTable = AudioTable()
    opus: OpusTable = OpusTable()
    trace_sip: bool = key(
        False,
        boolean(),
        Section.LOG,
        "Show every SIP message sent and received, with secrets masked. They are written to "
        "log.file if it is set, else to stderr.",
    )
    log: LogTable = LogTable()
    capture_limit: int = key(
        100,
        whole("a whole number of megabytes above 0, such as 100", "MB", highest=1_000_000),
        Section.EVIDENCE,
        "How large a file of --capture may become, in megabytes. The capture then ends with a "
        "warning; the call goes on.",
        rare=True,
    )
    capture_audio: bool = key(
        True,
        boolean(),
        Section.EVIDENCE,
        "Keep the sound of calls in captures and reports; it is personal data. Without this, RTP "
        "packets are captured without what they carry.",
    )
    hep_server: HepServer | None = key(
        None,
        hep_server(),
        Section.EVIDENCE,
        "A server such as Homer that is sent a copy of all SIP and RTCP (HEP3). Secrets in them "
        "are masked. The default port is 9060. Over udp and tcp anyone on the path can read it, "
        "hep_password included; tls follows tls_ca_file and tls_verify.",
        example='"udp:homer.example.com:9060"',
    )
    hep_id: int = key(
        7118,
        whole("a whole number from 1 to 4294967295", "N", highest=2**32 - 1),
        Section.EVIDENCE,
        "The number by which the HEP server knows this capture agent.",
        rare=True,
    )
    hep_password: str | None = key(
        None,
        text_kind("the password of the HEP server", "PASSWORD"),
        Section.EVIDENCE,
        "The password that the HEP server asks of capture agents.",
        example='"secret"',
        secret=True,
        rare=True,
    )

    @property
    def is_local(self) -> bool:
        """True if a server is on this machine: the far end may then use loopback addresses, too."""
        hosts = {server.hostname for server in self.ws_servers}
        return any(host in ("localhost", "::1") or host.startswith("127.") for host in hosts)

    @property
    def unattended(self) -> "Settings":
        """The same settings without a user to ask about transfers and redirects."""
        return replace(
            self, transfers=self.transfers.unattended, redirects=self.redirects.unattended
        )


KEYS: Final = tuple(keys_of(Settings))
"""All keys, in the order of the help."""

BY_NAME: Final = {key.name: key for key in KEYS}
"""Name in the file -> key."""

TABLES: Final = tuple(dict.fromkeys(key.table for key in KEYS if key.table))
"""The names of the tables in the file."""
