"""Check each STUN and TURN server over each transport, and infer the type of NAT."""

from collections import defaultdict
from collections.abc import Sequence

from sipcli.doctor.check import Check, bad, good, idle
from sipcli.errors import Phase
from sipcli.media.transport.server_probe import MappedAddress, ServerProbe
from sipcli.text import host_port

_STUN_HINT = (
    "does a firewall block UDP to it? Calls go on without it; stun_servers = [] saves the wait"
)
_TURN_HINT = "check the address, user name and password in turn_servers, and the firewall"


def server_checks(surveyed: Sequence[ServerProbe]) -> tuple[Check, Check]:
    """Return the checks of STUN and TURN. One server that fails is a fault, even if others work."""
    return (
        _stun([each for each in surveyed if not each.server.relays]),
        _turn([each for each in surveyed if each.server.relays]),
    )


def _stun(surveyed: Sequence[ServerProbe]) -> Check:
    if not surveyed:
        return idle(Phase.STUN, "no server is set (stun_servers)")
    found = [
        f"{each.server.uri}: sees us as {_seen(each.mappings)} ({each.elapsed_ms:.0f} ms)"
        for each in surveyed
        if each.fault is None
    ]
    nat = judge_nat([mapping for each in surveyed for mapping in each.mappings])
    return _check(Phase.STUN, surveyed, [*found, *([nat] if nat else [])], _STUN_HINT)


def _turn(surveyed: Sequence[ServerProbe]) -> Check:
    if not surveyed:
        return idle(Phase.TURN, "no server is set (turn_servers)")
    found = [
        f"{each.server.uri}: relay address {host_port(each.relayed.address, each.relayed.port)}"
        f" ({each.elapsed_ms:.0f} ms)"
        for each in surveyed
        if each.relayed is not None
    ]
    return _check(Phase.TURN, surveyed, found, _TURN_HINT)


def _check(phase: Phase, surveyed: Sequence[ServerProbe], found: Sequence[str], hint: str) -> Check:
    failed = [(each.server.uri, each.fault) for each in surveyed if each.fault is not None]
    if not failed:
        return good(phase, *found)
    faults = [f"{uri}: {fault.reason}" for uri, fault in failed]
    return bad(phase, *faults, *found, hint=failed[0][1].hint or hint)


def _seen(mappings: Sequence[MappedAddress]) -> str:
    """Return our addresses as the server sees them, one per host."""
    hosts = {mapping.seen[0]: mapping.seen for mapping in mappings}
    return " and ".join(host_port(*seen) for seen in hosts.values())


def judge_nat(mappings: Sequence[MappedAddress]) -> str | None:
    """Return the type of NAT between us and the servers; None if no server has seen us.

    The type follows from the addresses that two servers see of one socket (RFC 4787 §4.1, RFC
    5780 §4.3); one server alone cannot tell.
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
        return (
            "a NAT that uses one address for all servers (endpoint-independent); its filtering"
            " cannot be determined from here"
        )
    return (
        "a NAT that uses a different address for each server (symmetric): most calls to others"
        " behind a NAT will need a TURN server"
    )
