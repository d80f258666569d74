"""SIP and SIPS URIs, and all others as opaque text (RFC 3261 §19.1, §25.1).

Escapes (`%41`) are resolved only in the parts of a URI, and only once. A URI that was parsed is
written exactly as it was received: peers compare their own URIs letter by letter.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from sipcli.sip.grammar import HOST, Malformed, integer
from sipcli.sip.params import NO_PARAMS, Param, Params, split_plain

_NO: Final = r'\x00-\x20\x7f"<>'
"""Characters that must be escaped in a URI; non-ASCII letters are tolerated."""
_SIP: Final = re.compile(
    r"([sS][iI][pP][sS]?):"
    rf"(?>(?:([^{_NO}:@]++)(?::([^{_NO}@]*+))?@)?)"
    rf"({HOST})(?>(?::([0-9]{{1,5}}))?)"
    rf"((?>(?:;[^{_NO};=?]++(?:=[^{_NO};?]*+)?)*))"
    rf"(?>(?:\?([^{_NO}]*+))?)"
)
COMMON_URI: Final = (
    rf"sips?:(?>(?:[^{_NO}:@%]++@)?)(?:{HOST})(?>(?::[0-9]{{1,4}})?)"
    rf"(?>(?:;[^{_NO};=?%]++(?:=[^{_NO};?%]*+)?)*)"
)
"""Usual SIP URIs: a match is well-formed, but other URIs may be, too."""
_OTHER: Final = re.compile(rf"([A-Za-z][A-Za-z0-9+.\-]*+):([^{_NO}]++)")

_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPES: Final = re.compile(r"(?>(?:%[0-9A-Fa-f]{2})+)")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RESERVED: Final = frozenset(";/?:@&=+$,")

# What must be escaped in each part: everything but these (RFC 3261 §25.1).
_UNRESERVED: Final = r"A-Za-z0-9\-_.!~*'()"
_USER: Final = re.compile(rf"[^{_UNRESERVED}&=+$,;?/]+")
_PASSWORD: Final = re.compile(rf"[^{_UNRESERVED}&=+$,]+")
_PARAM: Final = re.compile(rf"[^{_UNRESERVED}\[\]/:&+$]+")
_HEADER: Final = re.compile(rf"[^{_UNRESERVED}\[\]/?:+$]+")

_NEVER_DEFAULT: Final = ("user", "ttl", "method", "maddr", "transport")
"""Parameters that must be in both URIs or in neither (RFC 3261 §19.1.4)."""


@dataclass(frozen=True, init=False)
class SipUri:
    """A `sip:` or `sips:` URI with its escapes resolved (RFC 3261 §19.1.1).

    `==` compares the parts as they are; `matches` is the RFC's comparison.
    """

    scheme: Literal["sip", "sips"]
    user: str | None
    password: str | None = field(repr=False)
    host: str
    """In lower case; IPv6 addresses keep their brackets."""
    port: int | None
    params: Params
    headers: tuple[tuple[str, str], ...]
    """Header fields for a request to this URI (after `?`)."""
    _text: str | None = field(init=False, compare=False, repr=False)

    def __init__(
        self,
        *,
        host: str,
        scheme: Literal["sip", "sips"] = "sip",
        user: str | None = None,
        password: str | None = None,
        port: int | None = None,
        params: Params = NO_PARAMS,
        headers: tuple[tuple[str, str], ...] = (),
        _text: str | None = None,
    ) -> None:
        # Each message has five of these; the `__init__` of a dataclass takes three times as long.
        own = self.__dict__
        own["scheme"] = scheme
        own["user"] = user
        own["password"] = password
        own["host"] = host
        own["port"] = port
        own["params"] = params
        own["headers"] = headers
        own["_text"] = _text

    @classmethod
    def parse(cls, text: str) -> "SipUri":
        """Parse a SIP or SIPS URI; raises `Malformed`, also for other schemes."""
        uri = parse_uri(text)
        if isinstance(uri, cls):
            return uri
        raise Malformed("the URI is not a sip: or sips: URI")

    def __str__(self) -> str:
        if self._text is not None:
            return self._text
        text = [self.scheme, ":"]
        if self.user is not None:
            text += [_escape(self.user, _USER)]
            if self.password is not None:
                text += [":", _escape(self.password, _PASSWORD)]
            text += ["@"]
        text += [self.host]
        if self.port is not None:
            text += [f":{self.port}"]
        for name, value, _ in self.params.items:
            text += [";", _escape(name, _PARAM)]
            if value is not None:
                text += ["=", _escape(value, _PARAM)]
        for mark, (name, value) in zip("?" + "&" * len(self.headers), self.headers, strict=False):
            text += [mark, _escape(name, _HEADER), "=", _escape(value, _HEADER)]
        return "".join(text)

    def matches(self, other: "Uri") -> bool:
        """True if both name the same resource (RFC 3261 §19.1.4); not transitive."""
        return (
            isinstance(other, SipUri)
            and (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
            and _userinfo(self) == _userinfo(other)
            and _params_match(self.params, other.params)
            and _folded_headers(self) == _folded_headers(other)
        )


@dataclass(frozen=True, slots=True)
class OtherUri:
    """A URI of any other scheme, as opaque text: `tel:`, `urn:`, `http:` (RFC 3986 §3)."""

    scheme: str
    """As written; compare it in lower case."""
    rest: str
    """Everything after the first colon, escapes unresolved."""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"

    def matches(self, other: "Uri") -> bool:
        """True if both are the same text, apart from the case of the scheme."""
        return (
            isinstance(other, OtherUri)
            and self.scheme.lower() == other.scheme.lower()
            and self.rest == other.rest
        )


Uri: TypeAlias = SipUri | OtherUri


def parse_uri(text: str) -> Uri:
    """Parse a URI of any scheme; raises `Malformed`."""
    found = _SIP.match(text)
    if found is None or found.end() < len(text):
        return _other_uri(text, found)
    scheme, user, password, host, port, params, headers = found.groups()
    if "%" in text:
        user = _unescape(user or "") or None
        password = None if password is None else _unescape(password)
    return SipUri(
        scheme="sip" if len(scheme) == 3 else "sips",
        user=user,
        password=password,
        host=host.lower(),
        port=integer(port, 0, 65535, "the port") if port else None,
        params=_uri_params(params) if params else NO_PARAMS,
        headers=_uri_headers(headers) if headers else (),
        _text=text,
    )


def _other_uri(text: str, sip: re.Match[str] | None) -> OtherUri:
    """Return a URI of another scheme; for SIP raise the fault: `sip` is what was matched."""
    if sip is not None:
        raise Malformed("a character cannot stand where it does in the URI", sip.end())
    found = _OTHER.fullmatch(text)
    if found is None:
        raise Malformed("this is not a URI")
    if found[1].lower() in ("sip", "sips"):
        raise Malformed("the URI has no valid user or host", len(found[1]) + 1)
    return OtherUri(found[1], found[2])


def _uri_params(text: str) -> Params:
    if "%" not in text:
        return Params.plain(text)
    return Params(_unescaped(item) for item in split_plain(text))


def _unescaped(item: Param) -> Param:
    name, value, _ = item
    return _unescape(name), None if value is None else _unescape(value), False


def _uri_headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [piece.partition("=") for piece in text.split("&")]
    return tuple((_unescape(name), _unescape(value)) for name, _, value in pairs)


def _unescape(text: str) -> str:
    """Return `text` with its escapes resolved, once."""
    if "%" not in text:
        return text
    bad = _BAD_ESCAPE.search(text)
    if bad is not None:
        raise Malformed("an escape in the URI lacks its two hexadecimal digits", bad.start())
    return _ESCAPES.sub(_meant, text)


def _meant(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes.group().replace("%", "")).decode("utf-8", "surrogateescape")


def _escape(text: str, unsafe: re.Pattern[str]) -> str:
    try:
        return unsafe.sub(_escaped, text)
    except UnicodeEncodeError as error:
        raise Malformed("the URI holds a character that is not Unicode text", error.start) from None


def _escaped(unsafe: re.Match[str]) -> str:
    data = unsafe.group().encode("utf-8", "surrogateescape")
    return "".join([f"%{byte:02X}" for byte in data])


def _userinfo(uri: SipUri) -> str | None:
    """Return user and password, escapes resolved except those of reserved characters."""
    if uri.user is None:
        return None
    text = str(uri)
    return _ESCAPE.sub(_comparable, text[text.index(":") + 1 : text.index("@")])


def _comparable(escape: re.Match[str]) -> str:
    code = int(escape.group()[1:], 16)
    if code > 0x7F or chr(code) in _RESERVED:
        return escape.group().upper()
    return chr(code)


def _params_match(ours: Params, theirs: Params) -> bool:
    if any((name in ours) != (name in theirs) for name in _NEVER_DEFAULT):
        return False
    left = _folded_params(ours)
    right = _folded_params(theirs)
    return all(left[name] == right[name] for name in left.keys() & right.keys())


def _folded_params(params: Params) -> dict[str, str | None]:
    """Return names and values in lower case; the first of each name counts."""
    return {
        name.lower(): None if value is None else value.lower()
        for name, value, _ in reversed(params.items)
    }


def _folded_headers(uri: SipUri) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in uri.headers)
