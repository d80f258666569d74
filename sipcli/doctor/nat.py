"""Infer the type of NAT from the addresses that STUN servers see (RFC 4787 §4.1, RFC 5780 §4.3)."""

from collections import defaultdict
from collections.abc import Sequence

from sipcli.media.transport.survey import Mapping

_UNKNOWN = "its filtering cannot be determined from here"


def judge_nat(mappings: Sequence[Mapping]) -> str | None:
    """Describe the NAT between us and the servers; None if no server has seen us.

    The type is known only if two servers have seen the same socket.
    """
    if not mappings:
        return None
    translated = [mapping for mapping in mappings if mapping.seen != mapping.own]
    if not translated:
        return "no NAT: the servers see our own address"
    seen_by: dict[tuple[str, int], dict[tuple[str, int], tuple[str, int]]] = defaultdict(dict)
    for mapping in translated:
        seen_by[mapping.own][mapping.server] = mapping.seen
    compared = [seen for seen in seen_by.values() if len(seen) > 1]
    if not compared:
        return "a NAT of unknown type: it takes answers from two STUN servers to tell"
    if all(len(set(seen.values())) == 1 for seen in compared):
        return f"a NAT that uses one address for all servers (endpoint-independent); {_UNKNOWN}"
    return (
        "a NAT that uses a different address for each server (symmetric): most calls to others"
        " behind a NAT will need a TURN server"
    )
