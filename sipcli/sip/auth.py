"""Parse and write the header fields of Digest authentication (RFC 3261 §20, §22; RFC 7616 §3).

Challenges are parsed leniently, because one that we cannot use must not hide the next: a bad one is
kept with its fault. Nothing here computes a digest or knows a password.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sipcli.sip.grammar import (
    TOKEN,
    Malformed,
    quote,
    quoted_string,
    refuse_unwritable,
    skip_blanks,
    split_list,
)

MAX_CHALLENGES: Final = 32
"""Maximum challenges read from one response. Servers send one to three for each realm."""

_UNQUOTED: Final = re.compile(r'[^\s",]+')
_NC: Final = re.compile(r"[0-9a-fA-F]{8}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One challenge of a WWW-Authenticate or Proxy-Authenticate header field (RFC 7616 §3.3)."""

    scheme: str
    """As written; empty if parameters came before any scheme."""
    fault: str | None = None
    """Why no password can answer it; None for a valid Digest challenge."""
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str | None = None
    """As written; None means MD5."""
    qop: tuple[str, ...] = ()
    """As offered, in lower case; empty if none was (RFC 2069)."""
    stale: bool = False
    """True: the credentials were correct, and only the nonce was too old."""
    domain: tuple[str, ...] = ()
    """URIs of the protection space; in SIP only the realm counts (RFC 3261 §22.1)."""
    is_utf8: bool = False
    """`charset=UTF-8`: user name and password must be in Unicode form NFC (RFC 7616 §4)."""
    userhash: bool = False
    """True if the user name may be sent as a hash (RFC 7616 §3.4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The Digest credentials of an Authorization or Proxy-Authorization field (RFC 7616 §3.4)."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str = field(repr=False)
    algorithm: str | None = None
    cnonce: str | None = None
    opaque: str | None = None
    qop: str | None = None
    nc: int | None = None
    """How many requests have used the nonce, including this one."""
    userhash: bool = False

    def __str__(self) -> str:
        """Return the field's value, quoted only where RFC 7616 §3.4 says so."""
        quoted = {
            "username": self.username,
            "realm": self.realm,
            "nonce": self.nonce,
            "uri": self.uri,
            "response": self.response,
            "cnonce": self.cnonce,
            "opaque": self.opaque,
        }
        plain = {
            "algorithm": self.algorithm,
            "qop": self.qop,
            "nc": None if self.nc is None else f"{self.nc:08x}",
            "userhash": "true" if self.userhash else None,
        }
        parameters = [f"{name}={quote(text)}" for name, text in quoted.items() if text is not None]
        parameters += [f"{name}={text}" for name, text in plain.items() if text is not None]
        return "Digest " + ", ".join(parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationInfo:
    """A server's Authentication-Info in a 2xx after successful authentication (RFC 7616 §3.5)."""

    nextnonce: str | None = None
    """The nonce to use from the next request on."""
    qop: str | None = None
    rspauth: str | None = field(default=None, repr=False)
    """The server's proof that it knows the secret, too."""
    cnonce: str | None = None
    nc: int | None = None


def parse_challenges(lines: Iterable[str]) -> list[Challenge]:
    """Parse the challenges of some header lines in order, at most 32; a line may have several.

    Never raises: a challenge that is malformed or not Digest has a `fault`.
    """
    groups = [group for line in lines for group in _by_scheme(line)]
    return [_challenge(scheme, elements) for scheme, elements in groups[:MAX_CHALLENGES]]


def parse_authorization(value: str) -> Authorization:
    """Parse the value of an Authorization or Proxy-Authorization field; raises `Malformed`."""
    groups = _by_scheme(value)
    if len(groups) != 1 or groups[0][0].lower() != "digest":
        raise Malformed("these are not the credentials of one Digest challenge")
    given = _parameters(groups[0][1])
    for name in ("username", "realm", "nonce", "uri", "response"):
        if name not in given:
            raise Malformed(f"the credentials have no {name}")
    return Authorization(
        username=given["username"],
        realm=given["realm"],
        nonce=given["nonce"],
        uri=given["uri"],
        response=given["response"],
        algorithm=given.get("algorithm"),
        cnonce=given.get("cnonce"),
        opaque=given.get("opaque"),
        qop=given.get("qop"),
        nc=_nonce_count(given.get("nc")),
        userhash=given.get("userhash", "").lower() == "true",
    )


def parse_authentication_info(value: str) -> AuthenticationInfo:
    """Parse the value of an Authentication-Info or Proxy-Authentication-Info field (RFC 7615).

    Raises `Malformed`.
    """
    given = _parameters(split_list(value))
    return AuthenticationInfo(
        nextnonce=given.get("nextnonce"),
        qop=given.get("qop"),
        rspauth=given.get("rspauth"),
        cnonce=given.get("cnonce"),
        nc=_nonce_count(given.get("nc")),
    )


def _by_scheme(line: str) -> list[tuple[str, list[str]]]:
    """Return each scheme in a line with its parameters, not yet parsed.

    Commas separate both parameters and challenges; a token without a following `=` starts a new
    challenge. Parameters before the first scheme get an empty one.
    """
    groups: list[tuple[str, list[str]]] = []
    for element in split_list(line):
        scheme, rest = _scheme(element)
        if scheme or not groups:
            groups.append((scheme, []))
        if rest:
            groups[-1][1].append(rest)
    return groups


def _scheme(element: str) -> tuple[str, str]:
    """Return the scheme that an element starts with, or an empty one, and the rest of it."""
    found = TOKEN.match(element)
    if found is None:
        return "", element
    at = skip_blanks(element, found.end())
    if at < len(element) and (at == found.end() or element[at] == "="):
        return "", element
    return found.group(), element[at:]


def _challenge(scheme: str, elements: list[str]) -> Challenge:
    if scheme.lower() != "digest":
        return Challenge(scheme=scheme, fault="the scheme is not Digest")
    try:
        given = _parameters(elements)
    except Malformed as fault:
        return Challenge(scheme=scheme, fault=fault.reason)
    missing = [name for name in ("realm", "nonce") if name not in given]
    return Challenge(
        scheme=scheme,
        fault=f"it has no {missing[0]}" if missing else None,
        realm=given.get("realm", ""),
        nonce=given.get("nonce", ""),
        opaque=given.get("opaque"),
        algorithm=given.get("algorithm"),
        qop=tuple(part.strip().lower() for part in given.get("qop", "").split(",") if part.strip()),
        stale=given.get("stale", "").lower() == "true",
        domain=tuple(given.get("domain", "").split()),
        is_utf8=given.get("charset", "").lower() == "utf-8",
        userhash=given.get("userhash", "").lower() == "true",
    )


def _parameters(elements: Iterable[str]) -> dict[str, str]:
    """Parse `name=value` elements; names in lower case, the first of each name counts.

    Servers quote values where the RFC has tokens, and the reverse; both are accepted.
    """
    given: dict[str, str] = {}
    for element in elements:
        name, value = _parameter(element)
        given.setdefault(name, value)
    return given


def _parameter(element: str) -> tuple[str, str]:
    found = TOKEN.match(element)
    if found is None:
        raise Malformed("a parameter has no name")
    at = skip_blanks(element, found.end())
    if element[at : at + 1] != "=":
        raise Malformed("a parameter has no value", at)
    at = skip_blanks(element, at + 1)
    if element[at : at + 1] == '"':
        value, at = quoted_string(element, at)
    else:
        unquoted = _UNQUOTED.match(element, at)
        if unquoted is None:
            raise Malformed("a parameter has no value", at)
        value, at = unquoted.group(), unquoted.end()
    if skip_blanks(element, at) < len(element):
        raise Malformed("something follows a parameter's value", at)
    refuse_unwritable(value, "a parameter")
    return found.group().lower(), value


def _nonce_count(text: str | None) -> int | None:
    if text is None:
        return None
    if _NC.fullmatch(text) is None:
        raise Malformed("nc is not eight hexadecimal digits")
    return int(text, 16)
