"""Convert ICE candidates between aioice and our session descriptions; our addresses."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

import aioice
from aioice import ice
from aioice.candidate import candidate_foundation, candidate_priority

from sipcli.sdp.transport import Candidate, CandidateType, ip_version

HostPort: TypeAlias = tuple[str, int]
"""Host and port, for IPv6 too."""


def is_credible(claimed: HostPort, server: HostPort) -> bool:
    """Return True if datagrams can reach an address reported by a STUN or TURN server.

    Loopback is accepted only from a server that is on loopback itself.
    """
    host = _unmapped(claimed[0])
    if claimed[1] == 0 or ip_version(str(host)) is None:
        return False
    if host.is_loopback:
        return _unmapped(server[0]).is_loopback
    return not (host.version == 6 and host.is_link_local)


def host_addresses() -> list[str]:
    """Return the addresses of this machine's interfaces, without loopback and link-local IPv6."""
    return ice.get_host_addresses(use_ipv4=True, use_ipv6=True)


def show(address: HostPort) -> str:
    """Return `host:port`, with IPv6 in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unmapped(host: str) -> IPv4Address | IPv6Address:
    address = ip_address(host)
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def make_candidate(
    kind: CandidateType, address: HostPort, preference: int, *, base: HostPort, server: str = ""
) -> aioice.Candidate:
    """Return a candidate of ours for multiplexed RTP and RTCP.

    `preference` is the local preference of RFC 8445 §5.1.2.1, 0–65535; `server` the address of the
    STUN or TURN server it comes from, which makes the foundations differ (§5.1.1.3).
    """
    related = None if kind is CandidateType.HOST else base
    return aioice.Candidate(
        foundation=candidate_foundation(f"{kind} {server}", "udp", base[0])[:16],
        component=1,
        transport="udp",
        priority=candidate_priority(1, str(kind), preference),
        host=address[0],
        port=address[1],
        type=str(kind),
        related_address=related[0] if related else None,
        related_port=related[1] if related else None,
    )


def from_aioice(candidate: aioice.Candidate) -> Candidate:
    """Convert one for a session description."""
    return Candidate(
        foundation=candidate.foundation,
        component=candidate.component,
        protocol=candidate.transport,
        priority=candidate.priority,
        address=candidate.host,
        port=candidate.port,
        type=CandidateType(candidate.type),
        related_address=candidate.related_address,
        related_port=candidate.related_port,
    )


def to_aioice(candidate: Candidate) -> aioice.Candidate:
    """Convert one from a session description."""
    return aioice.Candidate(
        foundation=candidate.foundation,
        component=candidate.component,
        transport=candidate.protocol,
        priority=candidate.priority,
        host=candidate.address,
        port=candidate.port,
        type=str(candidate.type),
        related_address=candidate.related_address,
        related_port=candidate.related_port,
    )
