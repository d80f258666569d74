"""Flow tokens: the connections of a dialog, encoded in its route set (RFC 5626 §5.2)."""

import hashlib
import hmac
import re
from typing import Final

from sipcli.core.connection.flow import Flow

_SIGNATURE_DIGITS: Final = 20
"""Hexadecimal digits of the signature: 80 bits, as in the example of the RFC."""
_TOKEN: Final = re.compile(rf"([0-9]{{1,12}})-([0-9]{{1,12}})-([0-9a-f]{{{_SIGNATURE_DIGITS}}})")


class FlowTokens:
    """Creates and verifies signed tokens for pairs of flows.

    A token names both flows of a dialog, so that one Record-Route serves both directions: a
    request that arrives on one flow leaves on the other.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, caller: Flow, callee: Flow) -> str:
        """Return the token of a dialog between two flows, valid as the user part of a URI."""
        text = f"{caller.number}-{callee.number}"
        return f"{text}-{self._sign(text)}"

    def read(self, token: str) -> tuple[int, int] | None:
        """Return the numbers of the two flows; None if the token is not ours."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        caller, callee, signature = found.groups()
        if not hmac.compare_digest(signature, self._sign(f"{caller}-{callee}")):
            return None
        return int(caller), int(callee)

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE_DIGITS]
