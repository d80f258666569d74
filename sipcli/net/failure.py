"""How a connection fails to open, and how an open one ends."""

from dataclasses import dataclass
from typing import Final

from sipcli.net.details import LinkDetails, Phase

MAX_EXCERPT: Final = 120
"""Characters of a peer's words that one sentence repeats."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and, where that can be known, what helps; together they are a sentence."""

    what: str
    hint: str = ""

    def __str__(self) -> str:
        """The sentence."""
        return f"{self.what}: {self.hint}" if self.hint else self.what


class ConnectFailed(Exception):  # noqa: N818 - the contract's word for it
    """One server could not be reached: where it failed, and a sentence that says what to do."""

    def __init__(
        self, phase: Phase, fault: Fault, details: LinkDetails, status: int | None = None
    ) -> None:
        super().__init__(f"{details.server}: {fault}")
        self.server = details.server
        self.phase = phase
        self.fault = fault
        self.reason = str(fault)
        self.details = details
        """What was learnt before."""
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
    """A peer's words, cut to a length that fits a sentence; escaping them is the screen's part.

    They stay in one line: a screen takes each line of an error for a problem of its own.
    """
    text = text.replace("\n", " ")
    return text if len(text) <= MAX_EXCERPT else f"{text[:MAX_EXCERPT]}…"
