"""Parse the elements of header fields: tokens, quoted strings, numbers, lists (RFC 3261 §25.1).

Scanners take `(text, start)` and return `(value, index after it)`. They look at each character a
bounded number of times, and raise `Malformed` with the offset at which they stopped. Quantifiers
are possessive (`++`, `*+`): a pattern that never backtracks cannot be made slow.
"""

import re
from typing import Final


class Malformed(ValueError):  # noqa: N818 - a fact about the peer's text, as in the RFC's prose
    """Text that does not match the grammar."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        """In characters, from the start of the text that was parsed."""


BLANKS: Final = " \t\r\n"
"""Linear white space; `str.strip()` without it would also strip Unicode spaces."""

TOKEN_CHARS: Final = r"A-Za-z0-9\-.!%*_+`'~"
"""The characters of a token, for use inside a character class (RFC 3261 §25.1)."""
TOKEN: Final = re.compile(rf"[{TOKEN_CHARS}]+")
HOST: Final = r"\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++"
"""Names with digits and underscores anywhere, IPv4, bracketed IPv6 of any form (RFC 5118 §4.10)."""
QUOTED: Final = r'"[^"\\]*+(?>(?:\\.[^"\\]*+)*)"'
"""A quoted string with its quotes and escapes; compile it with `re.DOTALL`."""
UNWRITABLE: Final = re.compile(r"[\r\n\0]")
"""Not allowed in header fields that we write (RFC 3261 §25.1; NUL ends strings elsewhere)."""

_BLANKS: Final = re.compile(r"[ \t\r\n]*+")
_QUOTED: Final = re.compile(QUOTED, re.DOTALL)
_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_ELEMENT: Final = re.compile(rf'(?>(?:[^",<]++|{QUOTED}|<[^>]*+>)*)', re.DOTALL)


def skip_blanks(text: str, start: int) -> int:
    """Return the index of the first character from `start` on that is not linear white space."""
    found = _BLANKS.match(text, start)
    return found.end() if found else start


def token(text: str) -> str:
    """Return `text` if it is a token (RFC 3261 §25.1); raises `Malformed` if not."""
    if TOKEN.fullmatch(text) is None:
        raise Malformed("it is not a token")
    return text


def quoted_string(text: str, start: int) -> tuple[str, int]:
    """Parse the quoted string at `start`; quoted pairs are resolved in the value."""
    if text[start : start + 1] != '"':
        raise Malformed("an opening quote is missing", start)
    found = _QUOTED.match(text, start)
    if found is None:
        raise Malformed("a quoted string is not closed", start)
    return unquote(found.group()), found.end()


def unquote(quoted: str) -> str:
    """Return the value of a well-formed quoted string, its quoted pairs resolved."""
    inside = quoted[1:-1]
    return _PAIR.sub(r"\1", inside) if "\\" in inside else inside


def quote(value: str) -> str:
    """Return `value` as a quoted string: the inverse of `quoted_string`.

    Raises `Malformed` for CR, LF and NUL, which may not be in a header field that we write.
    """
    refuse_unwritable(value, "a quoted string")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def refuse_unwritable(value: str, what: str) -> None:
    """Raise `Malformed` if `value` contains CR, LF or NUL; `what` says where it would go."""
    bad = UNWRITABLE.search(value)
    if bad is not None:
        raise Malformed(f"{bad.group()!r} cannot stand in {what}", bad.start())


def integer(text: str, low: int, high: int, what: str) -> int:
    """Parse a number of ASCII digits, `low` to `high` inclusive; `what` names it in errors."""
    if not (text.isdigit() and text.isascii()):
        raise Malformed(f"{what} is not a number")
    # Leading zeros are legal (RFC 4475 §3.1.1.1). No limit in SIP has more than ten digits;
    # int() takes quadratic time, so it gets at most twenty.
    number = int(text) if len(text) <= 20 else int(text.lstrip("0")[:20] or "0")
    if not low <= number <= high:
        raise Malformed(f"{what} is not between {low} and {high}")
    return number


def split_list(text: str) -> list[str]:
    """Split at the commas between list elements, not at those in quotes or angle brackets.

    Elements are stripped, and empty ones left out (RFC 3261 §7.3.1). After an unclosed quote or
    bracket, the rest of the text is one element, which its parser will reject.
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
