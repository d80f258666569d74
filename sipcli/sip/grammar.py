"""The small pieces every header is made of: tokens, quoted strings, numbers, lists (RFC 3261 §25.1).

All scanners take `(text, start)` and return `(value, index after it)`, look at each
character a bounded number of times, and raise `Malformed` with the offset they stopped at.
"""

import re
from typing import Final


class Malformed(ValueError):  # noqa: N818 - a fact about the peer's text, as in the RFC's prose
    """A piece of text that is not what the grammar asks for at this place."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        """Characters from the start of the text that was being read."""


TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_PLAIN: Final = re.compile(r'[^"\\]*')
_OUTSIDE: Final = re.compile(r'[^",<>]*')
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)


def skip_blanks(text: str, start: int) -> int:
    """Index of the first character at or after `start` that is not linear white space."""
    found = _BLANKS.match(text, start)
    return found.end() if found else start


def token(text: str, start: int) -> tuple[str, int]:
    """Read a token (RFC 3261 §25.1)."""
    found = TOKEN.match(text, start)
    if found is None:
        raise Malformed("a token is missing", start)
    return found.group(), found.end()


def quoted_string(text: str, start: int) -> tuple[str, int]:
    """Read a quoted string that opens at `start`; quoted pairs are resolved in the value."""
    if text[start : start + 1] != '"':
        raise Malformed("an opening quote is missing", start)
    pieces: list[str] = []
    at = start + 1
    while True:
        found = _PLAIN.match(text, at)
        if found is not None:
            pieces.append(found.group())
            at = found.end()
        if at >= len(text):
            raise Malformed("a quoted string is not closed", start)
        if text[at] == '"':
            return "".join(pieces), at + 1
        if at + 1 >= len(text):
            raise Malformed("a quoted string ends in a backslash", at)
        pieces.append(text[at + 1])
        at += 2


def quote(value: str) -> str:
    """Write `value` as a quoted string: the inverse of `quoted_string`.

    Raises `Malformed` for CR, LF and NUL, which have no place in a header we write.
    """
    for bad in "\r\n\0":
        if bad in value:
            raise Malformed(f"{bad!r} cannot stand in a quoted string", value.index(bad))
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def integer(text: str, low: int, high: int, what: str) -> int:
    """Read a whole number of ASCII digits, `low` to `high` inclusive; `what` names it in the fault."""
    if _DIGITS.fullmatch(text) is None:
        raise Malformed(f"{what} is not a number")
    stripped = text.lstrip("0") or "0"
    if len(stripped) > len(str(high)) or not low <= int(stripped) <= high:
        raise Malformed(f"{what} is not between {low} and {high}")
    return int(stripped)


def split_list(text: str) -> list[str]:
    """Split at the commas that separate list elements: not those in quotes or angle brackets.

    Elements come back stripped; empty ones are left out (RFC 3261 §7.3.1). An unclosed
    quote or bracket keeps the rest of the text in one element: its reader will object.
    """
    if "," not in text:
        text = text.strip()
        return [text] if text else []
    elements: list[str] = []
    begin = at = 0
    in_brackets = False
    while at < len(text):
        found = _OUTSIDE.match(text, at)
        at = found.end() if found else at
        if at >= len(text):
            break
        mark = text[at]
        if mark == '"' and not in_brackets:
            try:
                _, at = quoted_string(text, at)
            except Malformed:
                break
            continue
        if mark == "<":
            in_brackets = True
        elif mark == ">":
            in_brackets = False
        elif mark == "," and not in_brackets:
            elements.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    elements.append(text[begin:].strip())
    return [element for element in elements if element]
