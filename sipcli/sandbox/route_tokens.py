"""Flow tokens: which connections a dialog runs over, written into its route (RFC 5626 §5.2)."""

import hashlib
import hmac
import re
from typing import Final

from sipcli.core.connection.flow import Flow

_SIGNATURE_DIGITS: Final = 20
"""Hexadecimal digits of the seal: 80 bits, as the RFC's own example has."""
_TOKEN: Final = re.compile(rf"([0-9]{{1,12}})-([0-9]{{1,12}})-([0-9a-f]{{{_SIGNATURE_DIGITS}}})")


class FlowTokens:
    """Writes tokens for pairs of flows and reads them back; nobody else can write one.

    A token names both flows of a dialog, so that one Record-Route serves both directions:
    what comes in by the one is to go out by the other.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, caller: Flow, callee: Flow) -> str:
        """The token of a dialog between two flows, fit to be the user part of a URI."""
        text = f"{caller.number}-{callee.number}"
        return f"{text}-{self._sign(text)}"

    def read(self, token: str) -> tuple[int, int] | None:
        """The numbers of the two flows; None for what we have not written."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        caller, callee, signature = found.groups()
        if not hmac.compare_digest(signature, self._sign(f"{caller}-{callee}")):
            return None
        return int(caller), int(callee)

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE_DIGITS]
