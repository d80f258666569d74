"""Damage to a message on the wire: some that leaves a 200 usable, some that does not."""

import re
from collections.abc import Callable

from sipcli.sip.parser import LIMITS

TOO_LARGE = LIMITS.message_size + 1
"""Bytes of a body that make a message larger than what is read."""

Damage = Callable[[bytes], bytes]


def in_head(old: bytes, new: bytes) -> Damage:
    """Damage that puts `new` in the place of the pattern `old` in the header section."""
    return lambda data: re.sub(old, new, data, count=1)


USABLE: dict[str, tuple[Damage, str]] = {
    "Content-Length too large": (
        in_head(rb"Content-Length: \d+", b"Content-Length: 99999"),
        "Content-Length Is Greater Than The Body",
    ),
    "Content-Length negative": (
        in_head(rb"Content-Length: \d+", b"Content-Length: -1"),
        "Malformed Content-Length",
    ),
    "Content-Length twice": (
        in_head(rb"\r\n\r\n", b"\r\nl: 1\r\n\r\n"),
        "More Than One Content-Length",
    ),
    "bytes left over": (
        lambda data: data + b"more",
        "More Bytes Than Content-Length Says",
    ),
    "bare LF": (
        lambda data: (
            data.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n")
            + b"\n\n"
            + data.partition(b"\r\n\r\n")[2]
        ),
        "Lines End With LF Instead Of CRLF",
    ),
    "status line with blanks": (
        in_head(rb"SIP/2.0 200 OK", b"SIP/2.0  200   OK"),
        "Malformed Status-Line",
    ),
    "another version": (in_head(rb"SIP/2.0 200", b"SIP/2.1 200"), "Version Not Supported"),
    "From malformed": (in_head(rb"From: ", b'From: "'), "Malformed From"),
    "From missing": (in_head(rb"From: [^\r]*\r\n", b""), "Missing From"),
    "Call-ID twice": (in_head(rb"\r\n\r\n", b"\r\nCall-ID: x\r\n\r\n"), "More Than One Call-ID"),
    "Via missing": (in_head(rb"Via: [^\r]*\r\n", b""), "Missing Via"),
    "Via malformed": (in_head(rb"Via: SIP", b"Via: (SIP"), "Malformed Via"),
}
"""What does not keep a 200 from being used."""

USELESS: dict[str, Damage] = {
    f"{services!r}": in_head(rb"SIP/2.0 200 OK", services)
    for services in (
        b"SIP/2.0 20O OK",
        b"SIP/2.0 200OK",
        b"SIP/2.0 2000 OK",
        b"SIP/2.0 099 OK",
        b"SIP/2.0 OK",
        b"SIP/2.0",
        b"SIP 200 OK",
        b"200 OK",
    )
}
"""What leaves of a 200 nothing that could be told."""
