"""Turn the target that a user types into a URI (RFC 3261 §19.1.6, RFC 3966)."""

import re
from dataclasses import replace
from typing import Final

from sipcli.config.account import ANONYMOUS_HOST
from sipcli.config.settings import Settings
from sipcli.core.requests.route import lack_of_secure_servers
from sipcli.sip.grammar import Malformed
from sipcli.sip.params import Params
from sipcli.sip.uri import SipUri, Uri, parse_uri

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(/{0,2})")
_OTHER_SCHEMES: Final = ("callto", "http", "im", "mailto", "pres", "sip", "tel", "xmpp")
"""Beginnings of schemes that may stand before `user@host`: others are taken for a user."""
_SEPARATORS: Final = re.compile(r"[\s().\-]")
_NUMBER: Final = re.compile(r"\+?[0-9][0-9\s().\-]*")
_GLOBAL_OR_LOCAL: Final = re.compile(r"\+?[0-9A-Fa-f*#]+")
_PASTED: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^"<>]*)\s*<([^<>]*)>[^<>]*')
"""A name and an address in angle brackets, as From, To and mail programs have them."""
_UNTYPEABLE: Final = re.compile(r'[\x00-\x20\x7f"<>@]|%(?![0-9A-Fa-f]{2})')
"""Characters that users type into a user part but that must be escaped in a URI."""
_INVISIBLE: Final = re.compile(
    r"^[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+|"
    r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+$"
)
"""Characters copied along with an address from a page: blanks, and direction marks."""
_HOST_AND_PORT: Final = re.compile(r"([^:;?/@]+)((?::[0-9]*)?(?:[;?].*)?)", re.DOTALL)


def resolve(text: str, home: SipUri) -> Uri:
    """The URI that `text` means for a user at `home`.

    A SIP URI or `user@host` is used as it is; a bare user or number gets the domain of `home`; a
    `tel:` URI becomes a number there, with `user=phone`. A name before `<…>` is dropped, and
    characters that a URI cannot hold are escaped (RFC 3261 §19.1.2). Raises `Malformed`.
    """
    text = _INVISIBLE.sub("", text)
    if not text:
        raise Malformed("the address is empty")
    pasted = _PASTED.fullmatch(text)
    if pasted is not None:
        return resolve(pasted[1], home)
    if "<" in text or ">" in text:
        raise Malformed("an address in brackets is written as NAME <ADDRESS>")
    scheme = _SCHEME.match(text)
    if scheme is not None:
        return _with_scheme(scheme, text[scheme.end() :], home)
    if "@" in text:
        return _typed("sip", text)
    if home.host == ANONYMOUS_HOST:
        raise Malformed("it needs a domain: give user@domain, or set uri")
    if _NUMBER.fullmatch(text):
        text = _SEPARATORS.sub("", text)
    return SipUri(scheme=home.scheme, user=text, host=home.host, port=home.port, params=Params())


def resolve_callee(text: str, settings: Settings) -> Uri:
    """Like `resolve`, for a target that we call: a `sips:` URI also needs a server with TLS."""
    uri = resolve(text, settings.uri)
    lack = lack_of_secure_servers(uri, settings.ws_servers)
    if lack is not None:
        raise Malformed(lack)
    return uri


def _with_scheme(found: re.Match[str], rest: str, home: SipUri) -> Uri:
    scheme = found[1].lower()
    if scheme in ("sip", "sips") and not found[2]:
        return _typed(scheme, rest)
    if scheme == "tel" and not found[2]:
        if home.host == ANONYMOUS_HOST:
            raise Malformed("a number needs a domain: give sip:NUMBER@domain, or set uri")
        return _telephone(rest, home)
    meant = ""
    if "@" in rest and not scheme.startswith(_OTHER_SCHEMES):
        meant = f"; did you mean sip:{scheme}@{rest.rpartition('@')[2]}, without a password?"
    elif "@" in rest:
        meant = f"; did you mean {'sips' if scheme == 'sips' else 'sip'}:{rest}?"
    elif rest.isdecimal():
        meant = f"; did you mean sip:{found[1]}:{rest}?"
    raise Malformed(f"{found[0]} cannot be called: only sip:, sips: and tel: addresses can{meant}")


def _typed(scheme: str, rest: str) -> Uri:
    """Parse `scheme:rest`, escaping what users need not know to escape."""
    user, at, place = rest.rpartition("@")
    try:
        uri = parse_uri(f"{scheme}:{rest}")
    except Malformed:
        # Retry with the user part escaped and the host in ASCII.
        user = _UNTYPEABLE.sub(lambda one: f"%{ord(one[0]):02X}", user)
        uri = parse_uri(f"{scheme}:{user}{at}{_in_ascii(place)}")
    if isinstance(uri, SipUri) and uri.headers:
        raise Malformed("an address to call cannot have ?headers")
    return replace(uri)  # rebuilt from its parts, each with its escapes


def _in_ascii(place: str) -> str:
    """The host in its ASCII form (IDNA), with the rest unchanged."""
    found = _HOST_AND_PORT.fullmatch(place)
    if place.isascii() or found is None:
        return place
    try:
        return found[1].encode("idna").decode("ascii") + found[2]
    except UnicodeError:
        raise Malformed("the host is not a valid DNS name") from None


def reachable(uri: Uri, home: SipUri) -> SipUri | None:
    """The SIP URI to call for a URI that a peer names; a `tel:` number becomes a user at `home`.

    None for any other scheme, and for a number if we have no domain.
    """
    if isinstance(uri, SipUri):
        return uri
    if uri.scheme.lower() != "tel" or home.host == ANONYMOUS_HOST:
        return None
    try:
        return _telephone(uri.rest, home)
    except Malformed:
        return None


def _telephone(number: str, home: SipUri) -> SipUri:
    digits, semicolon, rest = number.partition(";")
    digits = _SEPARATORS.sub("", digits)
    if _GLOBAL_OR_LOCAL.fullmatch(digits) is None:
        raise Malformed("a tel: address must be a number")
    return SipUri(
        scheme=home.scheme,
        user=digits + semicolon + rest,
        host=home.host,
        port=home.port,
        params=Params().with_("user", "phone"),
    )
