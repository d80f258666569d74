"""Check each STUN and TURN server over each transport."""

from collections.abc import Sequence

from sipcli.doctor.check import Check, bad, good, idle
from sipcli.doctor.nat import judge_nat
from sipcli.errors import Phase
from sipcli.media.transport.survey import Mapping, Surveyed

_STUN_HINT = (
    "does a firewall block UDP to it? Calls go on without it; stun_servers = [] saves the wait"
)
_TURN_HINT = "check the address, user name and password in turn_servers, and the firewall"


def server_checks(surveyed: Sequence[Surveyed]) -> tuple[Check, Check]:
    """Return the checks of STUN and TURN. One server that fails is a fault, even if others work."""
    return (
        _stun([each for each in surveyed if not each.server.relays]),
        _turn([each for each in surveyed if each.server.relays]),
    )


def _stun(surveyed: Sequence[Surveyed]) -> Check:
    if not surveyed:
        return idle(Phase.STUN, "no server is set (stun_servers)")
    found = [
        f"{each.server.uri}: sees us as {_seen(each.mappings)} ({each.elapsed_ms:.0f} ms)"
        for each in surveyed
        if each.fault is None
    ]
    nat = judge_nat([mapping for each in surveyed for mapping in each.mappings])
    return _check(Phase.STUN, surveyed, [*found, *([nat] if nat else [])], _STUN_HINT)


def _turn(surveyed: Sequence[Surveyed]) -> Check:
    if not surveyed:
        return idle(Phase.TURN, "no server is set (turn_servers)")
    found = [
        f"{each.server.uri}: relay address {_at(each.relayed.address, each.relayed.port)}"
        f" ({each.elapsed_ms:.0f} ms)"
        for each in surveyed
        if each.relayed is not None
    ]
    return _check(Phase.TURN, surveyed, found, _TURN_HINT)


def _check(phase: Phase, surveyed: Sequence[Surveyed], found: Sequence[str], cure: str) -> Check:
    failed = [(each.server.uri, each.fault) for each in surveyed if each.fault is not None]
    if not failed:
        return good(phase, *found)
    faults = [f"{uri}: {fault.what}" for uri, fault in failed]
    return bad(phase, *faults, *found, hint=failed[0][1].cure or cure)


def _seen(mappings: Sequence[Mapping]) -> str:
    """Return our addresses as the server sees them, one per host."""
    hosts = {mapping.seen[0]: mapping.seen for mapping in mappings}
    return " and ".join(_at(*seen) for seen in hosts.values())


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
