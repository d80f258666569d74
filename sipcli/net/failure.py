"""How a connection fails to open, and how an open one ends."""

from enum import StrEnum
from typing import Final

LONGEST_EXCERPT: Final = 120
"""Characters of a peer's words that one sentence repeats."""


class Phase(StrEnum):
    """The steps of opening a WebSocket, in their order."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    """The upgrade request and its answer (RFC 6455 §4.1)."""
    SUBPROTOCOL = "subprotocol"
    """The server's choice of `sip` (RFC 7118 §5.1)."""


class ConnectFailed(Exception):  # noqa: N818 - the contract's word for it
    """One server could not be reached: where it failed, and a sentence that says what to do."""

    def __init__(self, server: str, phase: Phase, reason: str, status: int | None = None) -> None:
        super().__init__(f"{server}: {reason}")
        self.server = server
        self.phase = phase
        self.reason = reason
        self.status = status
        """The HTTP status of a refused upgrade; None where there was none."""


class LinkClosed(Exception):  # noqa: N818 - an event like any other, not a fault of ours
    """An open connection has ended; nothing more can be received."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{reason} ({code})")
        self.code = code
        """The close code of RFC 6455 §7.4; None where the connection ended without one."""
        self.reason = reason


def excerpt(text: str) -> str:
    """A peer's words, cut to a length that fits a sentence; escaping them is the screen's part."""
    return text if len(text) <= LONGEST_EXCERPT else f"{text[:LONGEST_EXCERPT]}…"
