"""Checks header fields that a user adds to the INVITE."""

import re
from typing import Final

from sipcli.sip.grammar import TOKEN, Malformed
from sipcli.sip.headers import Headers

OURS: Final = re.compile(
    r"accept|allow|(proxy-)?authorization|(proxy-)?require|supported|k|call-id|i|contact|m"
    r"|content-.*|c|e|l|cseq|expires|from|f|max-forwards|min-se|session-expires|x|r(ack|seq)"
    r"|(record-)?route|to|t|user-agent|via|v",
    re.IGNORECASE,
)
"""Fields that sipcli writes itself, compact forms included."""


def extra_header(name: str, value: str) -> tuple[str, str]:
    """Return name and value, stripped, ready to be sent. Raises `Malformed` if they cannot be."""
    name, value = name.strip(), value.strip()
    if TOKEN.fullmatch(name) is None:
        raise Malformed(f"{name!r} is not a valid header field name")
    if any(character < " " or character == "\x7f" for character in value):
        raise Malformed(f"{name}: the value contains control characters")
    Headers([(name, value)])
    if OURS.fullmatch(name):
        raise Malformed(f"{name} is set by sipcli itself")
    return name, value
