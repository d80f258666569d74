"""What the sandbox calls itself, and whom a URI names there."""

from typing import Final

from sipcli.sip.params import Params
from sipcli.sip.uri import SipUri, Uri

DOMAIN: Final = "sandbox.invalid"
"""The one domain, which is the realm too; it can never resolve (RFC 2606 §2)."""
_ALIASES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""What clients say that know the server's address only."""


def is_ours(uri: Uri) -> bool:
    """Whether a URI is in the sandbox's domain."""
    return isinstance(uri, SipUri) and (uri.host == DOMAIN or uri.host in _ALIASES)


def user_of(uri: Uri) -> str | None:
    """The user that a URI names in our domain; None if it names none, or lies outside."""
    return uri.user if isinstance(uri, SipUri) and is_ours(uri) else None


def address_of(user: str) -> SipUri:
    """The address of record of a user."""
    return SipUri(user=user, host=DOMAIN)


def public_gruu(user: str, instance: str) -> SipUri:
    """The URI that reaches one instance of a user; `instance` is a URN (RFC 5627 §3.1.1)."""
    return SipUri(user=user, host=DOMAIN, params=Params().with_("gr", instance))


def temporary_gruu(name: str) -> SipUri:
    """The URI that reaches one instance and hides whose it is (RFC 5627 §3.1.2)."""
    return SipUri(user=name, host=DOMAIN, params=Params().with_("gr", None))
