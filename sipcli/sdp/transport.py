"""The transport parameters that both sides exchange: ICE and DTLS."""

from dataclasses import dataclass, field
from enum import StrEnum


class CandidateType(StrEnum):
    """The type of a candidate (RFC 8445 §5.1.1), from the best default to the worst."""

    RELAY = "relay"
    SERVER_REFLEXIVE = "srflx"
    PEER_REFLEXIVE = "prflx"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A transport address that may reach its owner (RFC 8839 §5.1)."""

    foundation: str
    component: int
    """1 for RTP (and multiplexed RTCP), 2 for separate RTCP."""
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
        """True if the address is an mDNS name, with which a browser hides its address."""
        return self.address.lower().endswith(".local")


class DtlsRole(StrEnum):
    """The role in the DTLS handshake: who sends the ClientHello (RFC 5763 §5)."""

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
    """Our transport parameters, as they go into our descriptions."""

    ufrag: str
    pwd: str = field(repr=False)
    candidates: tuple[Candidate, ...]
    """All our candidates: none will follow (no trickle)."""
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTransport:
    """The far end's ICE parameters."""

    ufrag: str
    pwd: str = field(repr=False)
    candidates: tuple[Candidate, ...]
    """The usable ones: UDP, component 1, an IP address or an mDNS name; a bounded number."""
    lite: bool = False
    """True for an ICE-lite agent, which makes us the controlling one (RFC 8445 §6.1.1)."""
