"""Digits in INFO bodies: `application/dtmf-relay` and `application/dtmf`, as gateways send them."""

import re
from typing import Final

from sipcli.media.dtmf.dtmf_digits import DIGITS, Digit

RELAY: Final = "application/dtmf-relay"
PLAIN: Final = "application/dtmf"
DEFAULT_MS: Final = 100
MAX_MS: Final = 10_000

_SIGNAL: Final = re.compile(r"^\s*Signal\s*=\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_DURATION: Final = re.compile(r"^\s*Duration\s*=\s*([0-9]{1,6})", re.IGNORECASE | re.MULTILINE)
_CODES: Final = {"10": "*", "11": "#"}
"""Event numbers (RFC 4733) that some peers write instead of the digit."""


def build(digit: str, duration_ms: int = DEFAULT_MS) -> bytes:
    """Return the body of an INFO with `application/dtmf-relay`."""
    return f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()


def parse(content_type: str, body: bytes) -> Digit | None:
    """Return the digit in an INFO; None if there is none."""
    text = body[:200].decode("ascii", "replace")
    if content_type == PLAIN:
        signal, duration = text.strip(), None
    else:
        found = _SIGNAL.search(text)
        signal, duration = found[1] if found else "", _DURATION.search(text)
    digit = _CODES.get(signal, signal).upper()
    if len(digit) != 1 or digit not in DIGITS:
        return None
    return Digit(digit, min(int(duration[1]), MAX_MS) if duration else DEFAULT_MS)
