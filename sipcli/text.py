"""Text from the network made fit for a terminal or a log: control characters spelt out."""

import re
from typing import Final

UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # invisible, and what turns the direction
    "\ud800-\udfff]"  # bytes that were no UTF-8
)
"""A character that a terminal could obey or hide."""


MASK: Final = "***"
"""It stands for a secret."""
_URI_PASSWORD: Final = re.compile(r"\b(sips?:[^\s:@<>\[\"]+):[^\s@<>\"]*@", re.IGNORECASE)
"""A SIP URI up to its host, where it has a password (RFC 3261 §19.1.1)."""
_TYPED_PASSWORD: Final = re.compile(
    r"(?!(?:callto|http|im|mailto|pres|sip|tel|xmpp)[a-z]*:)([^\s:@]+):.*@", re.IGNORECASE
)
"""The same as a user may type it, without a scheme: not `mailto:user@host` and its like."""


def printable(text: str) -> str:
    """`text` without the passwords of SIP URIs, and with escapes for control characters.

    These are the characters that a terminal could obey or hide.
    """
    return UNSAFE.sub(_spell, without_passwords(text))


def without_passwords(text: str) -> str:
    """`text` with the password of each SIP URI masked."""
    return _URI_PASSWORD.sub(rf"\1:{MASK}@", text)


def target_without_password(target: str) -> str:
    """An address as a user has typed it, with its password masked."""
    found = _TYPED_PASSWORD.match(target)
    if found is None:
        return without_passwords(target)
    return f"{found[1]}:{MASK}@{target[found.end() :]}"


def one_line(text: str) -> str:
    """As `printable`, and in one line."""
    return printable(text).replace("\n", "\\n").replace("\t", " ")


def _spell(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte that surrogateescape brought here
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
