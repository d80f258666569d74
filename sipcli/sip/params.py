"""Parameters of a header field value or of a URI, in their order (RFC 3261 §7.3.1, §19.1.1)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import (
    BLANKS,
    QUOTED,
    TOKEN,
    TOKEN_CHARS,
    UNWRITABLE,
    Malformed,
    quote,
    unquote,
)

Param = tuple[str, str | None, bool]
"""Name as written, value (None: no `=`), and whether the value stands in quotes."""

_VALUE_CHARS: Final = r'[^\x00-\x20\x7f",;<>]'
_VALUE: Final = re.compile(rf"{_VALUE_CHARS}*+")
_PLAIN: Final = re.compile(rf"(?:;[{TOKEN_CHARS}]++(?:={_VALUE_CHARS}*+)?+)*+")
_PARAM: Final = re.compile(
    rf";[ \t]*+([{TOKEN_CHARS}]++)[ \t]*+"
    rf"(?:(=)[ \t]*+(?:({_VALUE_CHARS}++)|({QUOTED}))?+)?+[ \t]*+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters in the order they came, names as written; the first of a name counts.

    Values are plain: quoted pairs are resolved, and so are escapes where the parameters are
    those of a URI. An unquoted value may be anything without blanks and separators (RFC 3261
    allows a token or a host; tags with `@` and bare IPv6 addresses are met in the wild).
    """

    items: tuple[Param, ...] = ()

    @classmethod
    def parse(cls, text: str, start: int = 0) -> "Params":
        """Read `;name=value;…` from `start` to the end of `text`; raises `Malformed`."""
        if start >= len(text):
            return NO_PARAMS
        if _PLAIN.fullmatch(text, start):
            return cls(split_plain(text[start + 1 :]))
        items: list[Param] = []
        at = len(text) - len(text[start:].lstrip(BLANKS))
        while at < len(text):
            found = _PARAM.match(text, at)
            if found is None:
                raise Malformed("a parameter is malformed", at)
            name, equals, value, quoted = found.groups()
            if quoted is not None:
                value = unquote(quoted)
                # Legal as a quoted pair, but a value we hold must be one we can write.
                if UNWRITABLE.search(value):
                    raise Malformed("a parameter holds a control character", at)
            items.append(
                (name, value if value is not None or not equals else "", quoted is not None)
            )
            at = found.end()
        return cls(tuple(items))

    def get(self, name: str) -> str | None:
        """Value of the first parameter called `name` in any case; None if absent or without one."""
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

    def with_(self, name: str, value: str | None, quoted: bool = False) -> "Params":
        """These, with `name` set to `value`: in its old place, or at the end."""
        wanted = name.lower()
        new: Param = (name, value, quoted)
        if name not in self:
            return Params((*self.items, new))
        place = next(i for i, item in enumerate(self.items) if item[0].lower() == wanted)
        rest = (item for item in self.items[place + 1 :] if item[0].lower() != wanted)
        return Params((*self.items[:place], new, *rest))

    def without(self, name: str) -> "Params":
        """These, with every parameter called `name` left out."""
        wanted = name.lower()
        return Params(tuple(item for item in self.items if item[0].lower() != wanted))

    def __str__(self) -> str:
        """As header parameters; raises `Malformed` for a name or value that cannot stand there."""
        return "".join(map(_written, self.items))


def split_plain(text: str) -> tuple[Param, ...]:
    """Split `name=value;name;…` that is known to hold no quotes, blanks or faults."""
    return tuple(
        [
            (name, value if equals else None, False)
            for name, equals, value in [piece.partition("=") for piece in text.split(";")]
        ]
    )


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


NO_PARAMS: Final = Params()
"""No parameters at all."""
