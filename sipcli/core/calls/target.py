"""What a user types as whom to call, as a URI (RFC 3261 §19.1.6, RFC 3966)."""

import re
from typing import Final

from sipcli.config.settings import ANONYMOUS_HOST
from sipcli.sip.grammar import Malformed
from sipcli.sip.params import Params
from sipcli.sip.uri import SipUri, Uri, parse_uri

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_SEPARATORS: Final = re.compile(r"[\s().\-]")
_NUMBER: Final = re.compile(r"\+?[0-9][0-9\s().\-]*")
_GLOBAL_OR_LOCAL: Final = re.compile(r"\+?[0-9A-Fa-f*#]+")


def resolve(text: str, home: SipUri) -> Uri:
    """The URI that `text` means for a user at `home`.

    A SIP URI or `user@host` as it stands; a bare user or number at home's domain; a
    `tel:` URI as a number there, with `user=phone`. Raises `Malformed`.
    """
    text = text.strip()
    if not text:
        raise Malformed("an address is missing")
    if text[:4].lower() == "tel:":
        return _telephone(text[4:], home)
    if re.match(r"sips?:", text, re.IGNORECASE):
        return _with_user(parse_uri(text))
    if "@" in text:
        return _with_user(SipUri.parse(f"sip:{text}"))
    if _SCHEME.match(text):
        raise Malformed("only sip:, sips: and tel: addresses can be reached")
    if _NUMBER.fullmatch(text):
        text = _SEPARATORS.sub("", text)
    return SipUri(scheme=home.scheme, user=text, host=home.host, port=home.port, params=Params())


def reachable(uri: Uri, home: SipUri) -> SipUri | None:
    """Where a URI that a peer names can be called: a `tel:` one as a number at `home`.

    None for any other scheme, and for a number where we have no domain of our own.
    """
    if isinstance(uri, SipUri):
        return uri
    if uri.scheme.lower() != "tel" or home.host == ANONYMOUS_HOST:
        return None
    try:
        return _telephone(uri.rest, home)
    except Malformed:
        return None


def _with_user(uri: Uri) -> Uri:
    if isinstance(uri, SipUri) and uri.headers:
        raise Malformed("an address to call has no ?headers")
    return uri


def _telephone(number: str, home: SipUri) -> SipUri:
    digits, semicolon, rest = number.partition(";")
    digits = _SEPARATORS.sub("", digits)
    if _GLOBAL_OR_LOCAL.fullmatch(digits) is None:
        raise Malformed("a tel: address is a number")
    return SipUri(
        scheme=home.scheme,
        user=digits + semicolon + rest,
        host=home.host,
        port=home.port,
        params=Params().with_("user", "phone"),
    )
