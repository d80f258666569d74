"""Choose which of this machine's addresses to offer to the far end."""

import ipaddress
import socket
from typing import Final

LOOPBACK: Final = ("127.0.0.1", "::1")

MAX_ADDRESSES: Final = 12
"""Limit: a machine with containers has dozens of addresses, each paired with each of the peer."""

_ANYWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Documentation addresses (RFC 5737, RFC 3849), used to find the system's source addresses."""


def choose(found: list[str], *, include_loopback: bool) -> list[str]:
    """Return the addresses to use of those `found`, the most promising first, at most twelve.

    First the source addresses of the default routes, IPv4 before IPv6, since few SIP servers have
    IPv6; then the rest in the system's order. Loopback is included if requested, or if there is
    nothing else: then the far end can only be on this machine.
    """
    usable = [each for each in dict.fromkeys(found) if _is_usable(each)]
    preferred = [each for each in _source_addresses() if each in usable]
    ordered = list(dict.fromkeys([*preferred, *usable]))[:MAX_ADDRESSES]
    return [*ordered, *LOOPBACK] if include_loopback or not ordered else ordered


def _is_usable(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # with a scope: link-local
        return False
    link_local_v6 = address.version == 6 and address.is_link_local
    return not (
        address.is_loopback or address.is_unspecified or address.is_multicast or link_local_v6
    )


def _source_addresses() -> list[str]:
    """Return the system's source addresses; connecting a UDP socket sends nothing."""
    found = []
    for family, anywhere in _ANYWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((anywhere, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found
