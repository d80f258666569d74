"""Parses the addresses in settings: SIP, WebSocket, STUN, TURN and HEP, and their hosts."""

import re
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote

from sipcli.config.types import Unacceptable, clean
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri

_HOST_PORT: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?")
_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_DIGITS_AND_DOTS: Final = re.compile(r"[0-9.]+")
_TRANSPORT: Final = re.compile(r"transport=(udp|tcp)", re.IGNORECASE)
_OTHER_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):(?![0-9]+(?:;|\Z))(?!.*@)")

# Kept as is in a path or query; everything else is percent-encoded (RFC 3986 §3.3).
_PATH: Final = "%/?:@!$&'()*+,;=[]"


def account_uri(text: str) -> SipUri:
    """Parse an address of record: user and host, with or without `sip:`, and no password."""
    uri = _sip_uri(text)
    if uri.user is None:
        raise Unacceptable("it has no user before the host")
    return uri


def registrar_uri(text: str) -> SipUri:
    """Parse a registrar: host, port and parameters, no user (RFC 3261 §10.2)."""
    uri = _sip_uri(text)
    if uri.user is not None:
        raise Unacceptable("it has a user; a registrar has none")
    return uri


def _sip_uri(text: str) -> SipUri:
    clean(text)
    if "<" in text or '"' in text:
        raise Unacceptable("it is more than the address; a name goes into display_name")
    scheme = text.partition(":")[0].lower()
    if scheme == "sips":
        raise Unacceptable("sips: is not supported; write sip: and use a wss: server for TLS")
    if scheme != "sip":
        other = _OTHER_SCHEME.match(text)
        if other or scheme == "tel":
            raise Unacceptable(f"{scheme}: is not a SIP scheme")
        text = f"sip:{text}"
    try:
        uri = SipUri.parse(text)
    except Malformed as fault:
        raise Unacceptable(fault.reason) from None
    if uri.password is not None:
        raise Unacceptable("it must not contain a password; set the key password instead")
    if uri.headers:
        raise Unacceptable("it must not contain header fields (after ?)")
    if uri.port == 0:
        raise Unacceptable("its port is 0")
    return replace(uri)  # drops the original spelling: scheme in lower case, canonical escapes


def ws_uri(text: str) -> str:
    """Parse a WebSocket URI (RFC 6455 §3); return it in ASCII: IDNA host, percent-encoded rest."""
    clean(text)
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        raise Unacceptable("it has no scheme")
    if scheme not in ("ws", "wss"):
        hint = {"http": "; for WebSocket write ws", "https": "; for WebSocket write wss"}
        raise Unacceptable(f"its scheme is not ws or wss{hint.get(scheme, '')}")
    if "#" in rest:
        raise Unacceptable("a fragment (#) has no meaning in a WebSocket URI")
    if any(character.isspace() for character in rest):
        raise Unacceptable("it contains a space")
    end = next((i for i, character in enumerate(rest) if character in "/?"), len(rest))
    if "@" in rest[:end]:
        raise Unacceptable("it must not contain user or password; see ws_headers and password")
    return f"{scheme}://{host_and_port(rest[:end])}{quote(rest[end:], safe=_PATH)}"


def stun_uri(text: str) -> str:
    """Parse a STUN URI (RFC 7064 §3.1)."""
    scheme, rest = _ice_scheme(text, ("stun", "stuns"))
    return f"{scheme}:{host_and_port(rest)}"


def turn_uri(text: str) -> str:
    """Parse a TURN URI (RFC 7065 §3.1)."""
    scheme, rest = _ice_scheme(text, ("turn", "turns"))
    address, question, query = rest.partition("?")
    if question and not _TRANSPORT.fullmatch(query):
        raise Unacceptable("after ? only transport=udp or transport=tcp is known")
    return f"{scheme}:{host_and_port(address)}{question}{query.lower()}"


def hep_address(text: str) -> tuple[str, str, int | None]:
    """Parse a HEP server, `udp:host:port`: scheme, host (IPv6 in brackets), port if it is given."""
    clean(text)
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in ("udp", "tcp", "tls"):
        raise Unacceptable("it does not begin with udp:, tcp: or tls:")
    if rest.startswith("//"):
        raise Unacceptable(f"there is no // after {scheme.lower()}:")
    host, port = _host_port(rest)
    return scheme.lower(), host, port


def _ice_scheme(text: str, schemes: tuple[str, str]) -> tuple[str, str]:
    clean(text)
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in schemes:
        raise Unacceptable(f"it does not begin with {schemes[0]}: or {schemes[1]}:")
    if rest.startswith("//"):
        raise Unacceptable(f"there is no // after {scheme.lower()}:")
    return scheme.lower(), rest


def host_and_port(text: str) -> str:
    """Check `host` or `host:port`; return it in ASCII and lower case."""
    host, port = _host_port(text)
    return host if port is None else f"{host}:{port}"


def _host_port(text: str) -> tuple[str, int | None]:
    found = _HOST_PORT.fullmatch(text)
    if found is None:
        raise Unacceptable("its host is not a name or address with an optional port")
    host = _host(found[1])
    if found[2] is None:
        return host, None
    if not found[2] or len(found[2]) > 5 or not 1 <= int(found[2]) <= 65535:
        raise Unacceptable("its port is not between 1 and 65535")
    return host, int(found[2])


def _host(text: str) -> str:
    if not text:
        raise Unacceptable("it has no host")
    try:
        if text.startswith("["):
            address = IPv6Address(text[1:-1])
            if address.scope_id is not None:
                raise Unacceptable("its host has a zone (%), which means nothing to others")
            return f"[{address}]"
        if _DIGITS_AND_DOTS.fullmatch(text):
            return str(IPv4Address(text))
    except AddressValueError:
        raise Unacceptable("its host is not a valid IP address") from None
    try:
        name = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        raise Unacceptable("its host name has no ASCII form (IDNA)") from None
    if not _NAME.fullmatch(name):
        raise Unacceptable("its host is not a valid name")
    return name.lower()
