"""What the two sides tell each other about the path of the media: ICE and DTLS."""

from dataclasses import dataclass, field
from enum import StrEnum


class CandidateType(StrEnum):
    """How a candidate came to be (RFC 8445 §5.1.1), from the best default to the worst."""

    RELAY = "relay"
    SERVER_REFLEXIVE = "srflx"
    PEER_REFLEXIVE = "prflx"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A transport address that may reach its owner (RFC 8839 §5.1)."""

    foundation: str
    component: int
    """1 for RTP (and RTCP, which is multiplexed), 2 for RTCP apart."""
    protocol: str
    """In lower case: `udp`, `tcp`."""
    priority: int
    address: str
    """IPv4, IPv6 without brackets, or (from a peer) a host name."""
    port: int
    type: CandidateType
    related_address: str | None = None
    """The base of a reflexive candidate, the mapped address of a relayed one."""
    related_port: int | None = None
    tcp_type: str | None = None
    """`active`, `passive` or `so`; only with TCP (RFC 6544 §4.5)."""

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.type} {self.protocol} {host}:{self.port}"

    @property
    def is_mdns(self) -> bool:
        """Whether the address is a browser's stand-in name, to be asked for by multicast."""
        return self.address.lower().endswith(".local")


class DtlsRole(StrEnum):
    """Who sends the ClientHello (RFC 5763 §5)."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def opposite(self) -> "DtlsRole":
        """The other side's role."""
        return DtlsRole.SERVER if self is DtlsRole.CLIENT else DtlsRole.CLIENT


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of a DTLS certificate (RFC 8122 §5)."""

    hash_function: str
    """In lower case: `sha-256`."""
    value: str
    """Pairs of upper-case hexadecimal digits with colons between them."""

    def __str__(self) -> str:
        return f"{self.hash_function} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTransport:
    """Our end of the path, as it goes into what we send."""

    ufrag: str
    pwd: str = field(repr=False)
    candidates: tuple[Candidate, ...]
    """All there are: none will follow."""
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTransport:
    """The far end's ICE agent, as it described itself."""

    ufrag: str
    pwd: str = field(repr=False)
    candidates: tuple[Candidate, ...]
    """Those that can be used: UDP, component 1, an IP address or an mDNS name; a bounded number."""
    lite: bool = False
    """Whether it is an ICE-lite agent, which makes us the controlling one (RFC 8445 §6.1.1)."""
