"""The header fields of a message, verbatim and in order; names match in any form."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sipcli.sip.grammar import BLANKS, TOKEN, Malformed, refuse_unwritable, split_list

COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""Compact forms (RFC 3261 §7.3.3 and those registered since)."""

_COMMON: Final = (
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "Route",
    "Record-Route",
    "Allow",
    "Supported",
    "Require",
    "User-Agent",
    "Server",
    "Expires",
    "Authorization",
    "WWW-Authenticate",
    "Date",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Path",
    "Service-Route",
    "Accept",
    "Session-Expires",
    "Min-SE",
    "Event",
    "Subject",
    "Accept-Language",
    "Priority",
    "Privacy",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "P-Early-Media",
    "Allow-Events",
    "Timestamp",
    "Organization",
)
_KEYS: Final = {name: name.lower() for name in _COMMON} | {
    spelling: name for short, name in COMPACT.items() for spelling in (short, short.upper())
}
"""Usual spellings -> key; other spellings are looked up in a slower way."""

_LINE_END: Final = re.compile(r"\r\n(?![ \t])")
_CR_OR_LF: Final = re.compile(r"[\r\n]")


def key_of(name: str) -> str:
    """Return the normal form of `name`: the long form in lower case."""
    key = _KEYS.get(name)
    if key is not None:
        return key
    lower = name.rstrip(" \t").lower()
    return COMPACT.get(lower, lower)


class Headers:
    """Header fields in order; an immutable value.

    Each field is kept as it was received, folds included, and written in the same way. Names match
    in any case and in their compact form. A line without a colon counts as a field without a
    value. One without a valid name is kept and written, but cannot be looked up.
    """

    __slots__ = ("_index", "_lines", "_wire")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        """Build our own fields; raises `Malformed` as `line` does."""
        self._wire = ""
        self._lines: tuple[str, ...] | None = tuple([line(name, value) for name, value in fields])
        self._index: dict[str, list[str]] | None = None

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> "Headers":
        """Build from received fields, each a line without its final CRLF."""
        self = cls.__new__(cls)
        self._wire = ""
        self._lines = tuple(lines)
        self._index = None
        return self

    @classmethod
    def from_wire(cls, text: str, is_folded: bool) -> "Headers":
        """Build from the received text between start line and blank line.

        `is_folded` is True if a line may continue on the next, which then starts with a space or
        tab (RFC 3261 §7.3.1).
        """
        self = cls.__new__(cls)
        if is_folded:
            self._wire = ""
            self._lines = tuple(_LINE_END.split(text))
        else:
            self._wire = text
            self._lines = None  # split on first use
        self._index = None
        return self

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines as on the wire, folds included."""
        lines = self._lines
        if lines is None:
            lines = self._lines = tuple(self._wire.split("\r\n")) if self._wire else ()
        return lines

    def get(self, name: str) -> str | None:
        """Return the unfolded value of the first field called `name`; None if there is none."""
        raw = self._raw(name)
        return _unfolded(raw[0]) if raw else None

    def all(self, name: str) -> tuple[str, ...]:
        """Return the unfolded value of each field called `name`."""
        return tuple([_unfolded(raw) for raw in self._raw(name)])

    def values(self, name: str) -> tuple[str, ...]:
        """Return the elements of a comma-separated list, from all fields called `name`."""
        values: list[str] = []
        for raw in self._raw(name):
            values += split_list(_unfolded(raw))
        return tuple(values)

    def __contains__(self, name: str) -> bool:
        return bool(self._raw(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for known in self.lines:
            name, _, raw = known.partition(":")
            name = name.rstrip(" \t")
            if TOKEN.fullmatch(name):
                yield name, _unfolded(raw)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.lines == other.lines

    def __hash__(self) -> int:
        return hash(self.lines)

    def __repr__(self) -> str:
        # Names only: values may be credentials.
        return f"Headers({', '.join(name for name, _ in self)})"

    def appended(self, name: str, value: str) -> "Headers":
        """Return a copy with another field at the end."""
        return Headers.from_lines((*self.lines, line(name, value)))

    def prepended(self, name: str, value: str) -> "Headers":
        """Return a copy with another field at the top."""
        return Headers.from_lines((line(name, value), *self.lines))

    def replaced(self, name: str, value: str) -> "Headers":
        """Return a copy with a single field `name`: where the first one was, or at the end."""
        key = key_of(name)
        lines: list[str] = []
        place = None
        for known in self.lines:
            if _key(known) != key:
                lines.append(known)
            elif place is None:
                place = len(lines)
        lines.insert(len(lines) if place is None else place, line(name, value))
        return Headers.from_lines(lines)

    def without(self, name: str) -> "Headers":
        """Return a copy without the fields called `name`."""
        if not self._raw(name):
            return self
        key = key_of(name)
        return Headers.from_lines([known for known in self.lines if _key(known) != key])

    def without_first(self, name: str) -> "Headers":
        """Return a copy without the first field called `name`, all its elements included."""
        key = key_of(name)
        lines = list(self.lines)
        first = next((i for i, known in enumerate(lines) if _key(known) == key), None)
        if first is not None:
            del lines[first]
        return Headers.from_lines(lines)

    def _raw(self, name: str) -> Sequence[str]:
        """Return the text after the colon of each field called `name`."""
        index = self._index
        if index is None:
            index = self._index = _indexed(self.lines)
        return index.get(_KEYS.get(name) or key_of(name), ())


def _indexed(lines: Iterable[str]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for known in lines:
        name, _, raw = known.partition(":")
        key = _KEYS.get(name) or key_of(name)
        if key in index:
            index[key].append(raw)
        else:
            index[key] = [raw]
    return index


NO_HEADERS: Final = Headers()
"""No header fields at all."""


def line(name: str, value: str) -> str:
    """Return a header field as one line; raises `Malformed`.

    The name must be a token. The value must not contain CR, LF or NUL, and must be Unicode text;
    bytes from a peer that were not UTF-8 are written as they were received.
    """
    if TOKEN.fullmatch(name) is None:
        raise Malformed("the name of a header field is not a token")
    refuse_unwritable(value, f"the {name} header field")
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise Malformed(f"{name} holds what is not Unicode text", error.start) from None
    return f"{name}: {value}"


def _key(line: str) -> str:
    return key_of(line.partition(":")[0])


def _unfolded(raw: str) -> str:
    value = raw.strip(BLANKS)
    if "\n" in value or "\r" in value:
        # A fold counts as one space (RFC 3261 §7.3.1), and so does a lone CR or LF.
        pieces = _CR_OR_LF.split(value)
        return " ".join([stripped for piece in pieces if (stripped := piece.strip(BLANKS))])
    return value
