"""Parse the elements of header fields: tokens, quoted strings, numbers, lists (RFC 3261 §25.1).

Scanners take `(text, start)` and return `(value, index after it)`, look at each character a
bounded number of times, and raise `Malformed` with the offset they stopped at. Quantifiers
are possessive (`++`, `*+`): a pattern that cannot go back cannot be made slow.
"""

import re
from typing import Final


class Malformed(ValueError):  # noqa: N818 - a fact about the peer's text, as in the RFC's prose
    """Text that does not match the grammar."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        """Characters from the start of the text that was being read."""


BLANKS: Final = " \t\r\n"
"""Linear white space; `str.strip()` alone would take Unicode's blanks too."""

TOKEN_CHARS: Final = r"A-Za-z0-9\-.!%*_+`'~"
"""The characters of a token, to stand inside a character class (RFC 3261 §25.1)."""
TOKEN: Final = re.compile(rf"[{TOKEN_CHARS}]+")
HOST: Final = r"\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++"
"""Names with digits and underscores anywhere, IPv4, bracketed IPv6 of any form (RFC 5118 §4.10)."""
QUOTED: Final = r'"[^"\\]*+(?>(?:\\.[^"\\]*+)*)"'
"""A quoted string with its quotes and escapes; to be compiled with `re.DOTALL`."""
UNWRITABLE: Final = re.compile(r"[\r\n\0]")
"""Not allowed in a header field we write (RFC 3261 §25.1; NUL ends strings elsewhere)."""

_BLANKS: Final = re.compile(r"[ \t\r\n]*+")
_QUOTED: Final = re.compile(QUOTED, re.DOTALL)
_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_ELEMENT: Final = re.compile(rf'(?>(?:[^",<]++|{QUOTED}|<[^>]*+>)*)', re.DOTALL)


def skip_blanks(text: str, start: int) -> int:
    """Index of the first character at or after `start` that is not linear white space."""
    found = _BLANKS.match(text, start)
    return found.end() if found else start


def token(text: str) -> str:
    """Take `text` for a token (RFC 3261 §25.1); raises `Malformed` if it is none."""
    if TOKEN.fullmatch(text) is None:
        raise Malformed("it is not a token")
    return text


def quoted_string(text: str, start: int) -> tuple[str, int]:
    """Read a quoted string that opens at `start`; quoted pairs are resolved in the value."""
    if text[start : start + 1] != '"':
        raise Malformed("an opening quote is missing", start)
    found = _QUOTED.match(text, start)
    if found is None:
        raise Malformed("a quoted string is not closed", start)
    return unquote(found.group()), found.end()


def unquote(quoted: str) -> str:
    """Take the quotes off a well-formed quoted string and resolve its quoted pairs."""
    inside = quoted[1:-1]
    return _PAIR.sub(r"\1", inside) if "\\" in inside else inside


def quote(value: str) -> str:
    """Write `value` as a quoted string: the inverse of `quoted_string`.

    Raises `Malformed` for CR, LF and NUL, which have no place in a header we write.
    """
    refuse_unwritable(value, "a quoted string")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def refuse_unwritable(value: str, what: str) -> None:
    """Raise `Malformed` if `value`, to stand in `what`, holds CR, LF or NUL."""
    bad = UNWRITABLE.search(value)
    if bad is not None:
        raise Malformed(f"{bad.group()!r} cannot stand in {what}", bad.start())


def integer(text: str, low: int, high: int, what: str) -> int:
    """Read a number of ASCII digits, `low` to `high` inclusive; `what` names it in the fault."""
    if not (text.isdigit() and text.isascii()):
        raise Malformed(f"{what} is not a number")
    # Leading zeros are legal (RFC 4475 §3.1.1.1). No bound of SIP's has more than ten digits;
    # int() takes quadratic time, so it sees no more than twenty.
    number = int(text) if len(text) <= 20 else int(text.lstrip("0")[:20] or "0")
    if not low <= number <= high:
        raise Malformed(f"{what} is not between {low} and {high}")
    return number


def split_list(text: str) -> list[str]:
    """Split at the commas that separate list elements: not those in quotes or angle brackets.

    Elements come back stripped; empty ones are left out (RFC 3261 §7.3.1). An unclosed
    quote or bracket keeps the rest of the text in one element: its reader will object.
    """
    if "," not in text:
        text = text.strip(BLANKS)
        return [text] if text else []
    if '"' not in text and "<" not in text:
        return [element for piece in text.split(",") if (element := piece.strip(BLANKS))]
    elements: list[str] = []
    begin = 0
    while begin <= len(text):
        found = _ELEMENT.match(text, begin)
        end = found.end() if found else begin
        if text[end : end + 1] != ",":
            end = len(text)
        elements.append(text[begin:end].strip(BLANKS))
        begin = end + 1
    return [element for element in elements if element]
