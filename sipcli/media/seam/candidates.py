"""Candidates as aioice has them and as our descriptions have them."""

from typing import TypeAlias

import aioice
from aioice.candidate import candidate_foundation, candidate_priority

from sipcli.sdp.transport import Candidate, CandidateType

Address: TypeAlias = tuple[str, int]
"""Host and port, for IPv6 too."""


def make(
    kind: CandidateType, address: Address, preference: int, *, base: Address, server: str = ""
) -> aioice.Candidate:
    """A candidate of ours for RTP and RTCP together.

    `preference` is the local preference of RFC 8445 §5.1.2.1, 0–65535; `server` the address
    of the one that told or lent it, which keeps the foundations apart (§5.1.1.3).
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
    """As it goes into a description."""
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
    """As it came from a description."""
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
