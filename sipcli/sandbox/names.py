"""The domain of the sandbox, and the URIs of its users."""

from typing import Final

from sipcli.sip.params import Params
from sipcli.sip.uri import SipUri, Uri

DOMAIN: Final = "sandbox.invalid"
"""The only domain, also the realm; it never resolves (RFC 2606 §2)."""
_ALIASES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Hosts used by clients that know only the server's address."""


def is_ours(uri: Uri) -> bool:
    """Return True if a URI is in the sandbox's domain."""
    return isinstance(uri, SipUri) and (uri.host == DOMAIN or uri.host in _ALIASES)


def user_of(uri: Uri) -> str | None:
    """Return the user of a URI in our domain; None if it has none, or is in another domain."""
    return uri.user if isinstance(uri, SipUri) and is_ours(uri) else None


def address_of(user: str) -> SipUri:
    """Return the address of record of a user."""
    return SipUri(user=user, host=DOMAIN)


def public_gruu(user: str, instance: str) -> SipUri:
    """Return the public GRUU of a user's instance; `instance` is a URN (RFC 5627 §3.1.1)."""
    return SipUri(user=user, host=DOMAIN, params=Params().with_("gr", instance))


def temporary_gruu(name: str) -> SipUri:
    """Return a temporary GRUU, which hides the user (RFC 5627 §3.1.2)."""
    return SipUri(user=name, host=DOMAIN, params=Params().with_("gr", None))
