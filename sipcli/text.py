"""Makes text safe to show, writes times and addresses, finds what a mistyped name stands for."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # invisible, or changes the text direction
    "\ud800-\udfff]"  # bytes that were not UTF-8
)
"""A character that a terminal would interpret or hide."""


MAX_NAME: Final = 64
"""Characters of a mistyped name that are compared: bounds the time it takes."""
MASK: Final = "***"
"""Shown instead of a secret."""
URI_PASSWORD: Final = re.compile(
    r"\b(sips?:[^\s:@<>\[\"]{1,1024}):[^\s@<>\"]{0,1024}@", re.IGNORECASE
)
"""A SIP URI with a password, up to its host (RFC 3261 §19.1.1).

Its parts are bounded: a peer that sends many `sip:` must not make the search quadratic."""
_TYPED_PASSWORD: Final = re.compile(
    r"(?!(?:callto|http|im|mailto|pres|sip|tel|xmpp)[a-z]*:)([^\s:@]+):.*@", re.IGNORECASE
)
"""The same as users may type it, without a scheme; does not match `mailto:user@host` etc."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean X?" with the known name that is most like a mistyped one.

    Empty if none is like it.
    """
    from difflib import get_close_matches  # late: only a mistake needs it

    by_word = {each.lstrip("-"): each for each in known}  # two options have more in common
    close = get_close_matches(name.lstrip("-")[:MAX_NAME], by_word, n=1)
    return f"; did you mean {by_word[close[0]]}?" if close else ""


def printable(text: str) -> str:
    """Return `text` with the passwords of SIP URIs masked and `UNSAFE` characters escaped."""
    return UNSAFE.sub(_spell, without_passwords(text))


def without_passwords(text: str) -> str:
    """Return `text` with the password of each SIP URI masked."""
    return URI_PASSWORD.sub(rf"\1:{MASK}@", text)


def target_without_password(target: str) -> str:
    """Return an address that a user typed, with its password masked."""
    found = _TYPED_PASSWORD.match(target)
    if found is None:
        return without_passwords(target)
    return f"{found[1]}:{MASK}@{target[found.end() :]}"


def one_line(text: str) -> str:
    """Like `printable`, on one line: line feeds escaped, tabs as spaces."""
    return printable(text).replace("\n", "\\n").replace("\t", " ")


def rfc3339(at: float) -> str:
    """Return a time in seconds since the Unix epoch, as RFC 3339 has it: UTC, milliseconds."""
    found = datetime.fromtimestamp(at, UTC)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def host_port(host: str, port: int) -> str:
    """Return `HOST:PORT` with an IPv6 address in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _spell(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte decoded with surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
