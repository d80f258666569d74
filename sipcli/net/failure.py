"""Errors of a connection that fails to open, or ends."""

from dataclasses import dataclass
from typing import Final

from sipcli.net.details import LinkDetails, Phase

MAX_EXCERPT: Final = 120
"""Most characters of a peer's text quoted in one sentence."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem and, if known, a hint how to fix it; together they form a sentence."""

    what: str
    hint: str = ""

    def __str__(self) -> str:
        """The sentence."""
        return f"{self.what}: {self.hint}" if self.hint else self.what


class ConnectFailed(Exception):  # noqa: N818 - the contract's word for it
    """A server could not be reached: the phase that failed, and a sentence that says what to do."""

    def __init__(
        self, phase: Phase, fault: Fault, details: LinkDetails, status: int | None = None
    ) -> None:
        super().__init__(f"{details.server}: {fault}")
        self.server = details.server
        self.phase = phase
        self.fault = fault
        self.reason = str(fault)
        self.details = details
        """The facts learnt before the failure."""
        self.status = status
        """The HTTP status of a refused upgrade; None without one."""


class LinkClosed(Exception):  # noqa: N818 - an event like any other, not a fault of ours
    """An open connection has ended; nothing more can be received."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{reason} ({code})")
        self.code = code
        """The close code (RFC 6455 §7.4); None if the connection ended without one."""
        self.reason = reason


def excerpt(text: str) -> str:
    """Shorten a peer's text to `MAX_EXCERPT` characters on one line. The output code escapes it.

    One line, because each line of an error is shown as a separate problem.
    """
    text = text.replace("\n", " ")
    return text if len(text) <= MAX_EXCERPT else f"{text[:MAX_EXCERPT]}…"
