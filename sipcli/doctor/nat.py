"""What the addresses that STUN servers see tell of a NAT (RFC 4787 §4.1, RFC 5780 §4.3)."""

from collections import defaultdict
from collections.abc import Sequence

from sipcli.media.transport.survey import Mapping

_UNKNOWN = "its filtering cannot be determined from here"


def judge_nat(mappings: Sequence[Mapping]) -> str | None:
    """A sentence on the NAT between us and the servers; None where nobody has seen us.

    Two servers have to have seen the same socket for its kind to be known.
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
