"""Text from the network made fit for a terminal or a log: control characters spelt out."""

import re
from typing import Final

UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # invisible, and what turns the direction
    "\ud800-\udfff]"  # bytes that were no UTF-8
)
"""A character that a terminal could obey or hide."""


def printable(text: str) -> str:
    """`text` with each character that a terminal could obey or hide written as an escape."""
    return UNSAFE.sub(_spell, text)


def one_line(text: str) -> str:
    """As `printable`, and in one line."""
    return printable(text).replace("\n", "\\n").replace("\t", " ")


def _spell(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte that surrogateescape brought here
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
