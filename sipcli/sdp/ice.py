"""The ICE candidate lines: parsed leniently, written strictly (RFC 8839 §5.1)."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Final

from sipcli.sdp.digits import number
from sipcli.sdp.transport import Candidate, CandidateType

_TYPES: Final = {type_.value: type_ for type_ in CandidateType}
_PREFERENCE: Final = {type_: place for place, type_ in enumerate(CandidateType)}
_MAX_PORT: Final = 65_535
_THIS_NETWORK: Final = ip_network("0.0.0.0/8")


def read_candidate(value: str) -> Candidate | None:
    """Parse the value of a `candidate` attribute; None if it is invalid.

    Says nothing about whether we can use it: see `is_usable`.
    """
    words = value.split()
    if len(words) < 8 or words[6].lower() != "typ":
        return None
    component = number(words[1], 1, 256)
    priority = number(words[3], 0, 2**32 - 1)
    port = number(words[5], 0, _MAX_PORT)
    type_ = _TYPES.get(words[7].lower())
    if component is None or priority is None or port is None or type_ is None:
        return None
    extensions = dict(zip(words[8::2], words[9::2], strict=False))
    return Candidate(
        foundation=words[0],
        component=component,
        protocol=words[2].lower(),
        priority=priority,
        address=words[4],
        port=port,
        type=type_,
        related_address=extensions.get("raddr"),
        related_port=number(extensions.get("rport"), 0, _MAX_PORT),
        tcp_type=extensions.get("tcptype"),
    )


def write_candidate(candidate: Candidate) -> str:
    """Return the value of a `candidate` attribute: the inverse of `read_candidate`."""
    words = [
        candidate.foundation,
        str(candidate.component),
        candidate.protocol.upper(),
        str(candidate.priority),
        candidate.address,
        str(candidate.port),
        "typ",
        candidate.type.value,
    ]
    if candidate.related_address is not None and candidate.related_port is not None:
        words += ["raddr", candidate.related_address, "rport", str(candidate.related_port)]
    if candidate.tcp_type is not None:
        words += ["tcptype", candidate.tcp_type]
    return " ".join(words)


def ip_version(address: str) -> int | None:
    """Return 4 or 6 for an IP address that a host can have, else None.

    None for names and for zero (0.0.0.0/8), multicast, broadcast and reserved addresses (RFC 6890).
    """
    if "%" in address:  # a scope, as in fe80::1%eth0, has no meaning on another machine
        return None
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if parsed.version == 4 and (parsed.is_reserved or parsed in _THIS_NETWORK):
        return None
    return None if parsed.is_unspecified or parsed.is_multicast else parsed.version


def is_usable(candidate: Candidate) -> bool:
    """Return True if we can send to it: RTP over UDP, to an IP address or an mDNS name.

    Other host names are to be ignored (RFC 8839 §5.1); we support neither TCP nor separate RTCP.
    """
    return (
        candidate.component == 1
        and candidate.protocol == "udp"
        and candidate.port > 0
        and (candidate.is_mdns or ip_version(candidate.address) is not None)
    )


def default_candidate(candidates: Iterable[Candidate]) -> Candidate | None:
    """Return the candidate most likely to work without ICE: for the `m=` and `c=` lines.

    Relayed before reflexive before host (RFC 8445 §5.1.4), then IPv4, then by priority.
    """
    usable = [each for each in candidates if is_usable(each) and not each.is_mdns]
    return min(
        usable,
        key=lambda each: (
            _PREFERENCE[each.type],
            ip_version(each.address) or 0,
            -each.priority,
        ),
        default=None,
    )
