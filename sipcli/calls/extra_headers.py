"""Header fields that a user adds to the INVITE."""

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
"""Fields that sipcli writes itself, in compact form too."""


def extra_header(name: str, value: str) -> tuple[str, str]:
    """A field as it can be sent, blanks around it gone. Raises `Malformed` where it cannot be."""
    name, value = name.strip(), value.strip()
    if TOKEN.fullmatch(name) is None:
        raise Malformed(f"{name!r} is no name of a header field")
    if any(character < " " or character == "\x7f" for character in value):
        raise Malformed(f"{name}: its value has control characters")
    Headers([(name, value)])
    if OURS.fullmatch(name):
        raise Malformed(f"{name} is written by sipcli itself")
    return name, value
