"""The parameters of ICE and DTLS, and their lines: parsed leniently, written strictly.

Candidates (RFC 8839 §5.1), certificate fingerprints (RFC 8122 §5) and the `setup` role (RFC 4145
§4).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from sipcli.sdp.description import number


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


_CANDIDATE_TYPES: Final = {type_.value: type_ for type_ in CandidateType}
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
    type_ = _CANDIDATE_TYPES.get(words[7].lower())
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


_STRONG_HASHES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Hash functions that are still secure, with their length in bytes."""
_HEX_PAIRS: Final = re.compile(r"[0-9A-F]{2}(?>(?::[0-9A-F]{2})*)")


class DtlsSetup(StrEnum):
    """The `setup` attribute: which side opens the connection (RFC 4145 §4)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"
    HOLDCONN = "holdconn"


_SETUP_VALUES: Final = {setup.value: setup for setup in DtlsSetup}


def read_setup(value: str | None) -> DtlsSetup | None:
    """Parse the value of a `setup` attribute; None if it is missing or invalid."""
    return None if value is None else _SETUP_VALUES.get(value.lower())


def role_left(setup: DtlsSetup | None, otherwise: DtlsRole = DtlsRole.CLIENT) -> DtlsRole:
    """Return the role that the far end's `setup` leaves to us; `otherwise` if it leaves the choice.

    A missing line leaves the choice, too. By RFC 4145 §4 an offer without it means `active`, but
    peers that omit it imitate browsers, and a ClientHello sent too early is repeated, while one
    that both sides wait for never comes. `actpass` in an answer, an error, also leaves the choice.
    """
    if setup is DtlsSetup.ACTIVE:
        return DtlsRole.SERVER
    return DtlsRole.CLIENT if setup is DtlsSetup.PASSIVE else otherwise


def setup_answered(offered: DtlsSetup | None, role: DtlsRole) -> DtlsSetup:
    """Return the `setup` of our answer for `role`, consistent with the offer (RFC 4145 §4.1).

    In a later offer some peers name a role that is not theirs, though the association continues.
    """
    if offered is DtlsSetup.HOLDCONN:
        return DtlsSetup.HOLDCONN
    if offered in (DtlsSetup.ACTIVE, DtlsSetup.PASSIVE):
        role = role_left(offered)
    return DtlsSetup.ACTIVE if role is DtlsRole.CLIENT else DtlsSetup.PASSIVE


def read_fingerprint(value: str) -> Fingerprint | None:
    """Parse the value of a `fingerprint` attribute, also by a weak hash; None if it is invalid."""
    words = value.split()
    if len(words) != 2 or _HEX_PAIRS.fullmatch(words[1].upper()) is None:
        return None
    return Fingerprint(words[0].lower(), words[1].upper())


def is_strong(fingerprint: Fingerprint) -> bool:
    """Return True if a match proves the certificate: not SHA-1, not MD5, not truncated."""
    return _STRONG_HASHES.get(fingerprint.hash_function) == fingerprint.value.count(":") + 1
