"""Parameters of a header field value or a URI, in order (RFC 3261 §7.3.1, §19.1.1)."""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from sipcli.sip.grammar import (
    QUOTED,
    TOKEN,
    TOKEN_CHARS,
    UNWRITABLE,
    Malformed,
    quote,
    skip_blanks,
    unquote,
)

Param: TypeAlias = tuple[str, str | None, bool]
"""Name as written, value (None: no `=`), and whether the value is quoted."""

_VALUE_CHARS: Final = r'[^\x00-\x20\x7f",;<>]'
_VALUE: Final = re.compile(rf"{_VALUE_CHARS}*+")
PLAIN: Final = rf"(?>(?:;[{TOKEN_CHARS}]++(?:={_VALUE_CHARS}*+)?)*)"
"""Pattern of parameters without quotes and blanks, for the end of a header's own pattern."""
_PARAM: Final = re.compile(
    rf";[ \t]*+([{TOKEN_CHARS}]++)[ \t]*+"
    rf"(?>(?:(=)[ \t]*+(?:({_VALUE_CHARS}++)|({QUOTED})|(<{_VALUE_CHARS}*+>))?)?)[ \t]*+",
    re.DOTALL,
)


class Params:
    """Parameters in order, names as written; an immutable value.

    Names match in any case, and the first of each name counts. In values, quoted pairs are
    resolved, and also escapes if the parameters are those of a URI. An unquoted value may be
    anything without blanks and separators: RFC 3261 allows a token or a host, but tags with `@`
    and bare IPv6 addresses exist. The value of a feature tag (RFC 3840 §9) may be in angle
    brackets without quotes, as some registrars return `+sip.instance`.
    """

    __slots__ = ("_items", "_text")

    def __init__(self, items: Iterable[Param] = ()) -> None:
        """Build our own parameters; they are checked when they are written."""
        self._items: tuple[Param, ...] | None = tuple(items)
        self._text = ""

    @classmethod
    def plain(cls, text: str) -> "Params":
        """Build from text that is known to be well-formed and free of quotes and escapes."""
        if not text:
            return NO_PARAMS
        self = cls.__new__(cls)
        self._items = None  # split on first use: half of all parameters are never used
        self._text = text
        return self

    @classmethod
    def parse(cls, text: str, start: int = 0) -> "Params":
        """Parse `;name=value;…` from `start` to the end of `text`; raises `Malformed`."""
        items: list[Param] = []
        at = skip_blanks(text, start)
        while at < len(text):
            found = _PARAM.match(text, at)
            if found is None:
                raise Malformed("a parameter is malformed", at)
            name, equals, value, quoted, bracketed = found.groups()
            if bracketed is not None:
                if not name.startswith("+"):
                    raise Malformed("a parameter is malformed", at)
                value = bracketed
            elif quoted is not None:
                value = unquote(quoted)
                # Legal as a quoted pair, but we must be able to write what we parsed.
                if UNWRITABLE.search(value):
                    raise Malformed("a parameter holds a control character", at)
            if equals and value is None:
                value = ""
            needs_quotes = quoted is not None or bracketed is not None
            items.append((name, value, needs_quotes))
            at = found.end()
        return cls(items)

    @property
    def items(self) -> tuple[Param, ...]:
        """All parameters in order."""
        items = self._items
        if items is None:
            items = self._items = split_plain(self._text)
        return items

    def get(self, name: str) -> str | None:
        """Return the value of the first parameter called `name`; None if missing or without one."""
        wanted = name.lower()
        for known, value, _ in self.items:
            if known.lower() == wanted:
                return value
        return None

    def __contains__(self, name: str) -> bool:
        wanted = name.lower()
        return any(known.lower() == wanted for known, _, _ in self.items)

    def __bool__(self) -> bool:
        return bool(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Params) and self.items == other.items

    def __hash__(self) -> int:
        return hash(self.items)

    def __repr__(self) -> str:
        return f"Params({self.items!r})"

    def with_(self, name: str, value: str | None, quoted: bool = False) -> "Params":
        """Return a copy with `name` set to `value`: where it was, or at the end."""
        wanted = name.lower()
        new: Param = (name, value, quoted)
        if name not in self:
            return Params((*self.items, new))
        place = next(i for i, item in enumerate(self.items) if item[0].lower() == wanted)
        rest = (item for item in self.items[place + 1 :] if item[0].lower() != wanted)
        return Params((*self.items[:place], new, *rest))

    def without(self, name: str) -> "Params":
        """Return a copy without the parameters called `name`."""
        wanted = name.lower()
        return Params(item for item in self.items if item[0].lower() != wanted)

    def __str__(self) -> str:
        """Return header parameters; raises `Malformed` if a name or value cannot be written."""
        return self._text or "".join(map(_written, self.items))


NO_PARAMS: Final = Params()
"""No parameters at all."""


def split_plain(text: str) -> tuple[Param, ...]:
    """Split `;name=value;name;…` that is known to hold no quotes, blanks or faults."""
    items: list[Param] = []
    for piece in text[1:].split(";"):
        name, equals, value = piece.partition("=")
        items.append((name, value if equals else None, False))
    return tuple(items)


def _written(item: Param) -> str:
    name, value, quoted = item
    if TOKEN.fullmatch(name) is None:
        raise Malformed(f"{name!r} is not the name of a parameter")
    if value is None:
        return f";{name}"
    if quoted:
        return f";{name}={quote(value)}"
    if _VALUE.fullmatch(value) is None:
        raise Malformed(f"the value of {name} has to be quoted")
    return f";{name}={value}"
