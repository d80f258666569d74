"""Draws SIP messages as a ladder diagram, one line each."""

from dataclasses import dataclass, field
from typing import Final

from sipcli.core.connection.flow import Flow
from sipcli.sandbox.proxy import Hop
from sipcli.sip.message import Request
from sipcli.sip.typed import Message
from sipcli.text import one_line

MIDDLE: Final = "sandbox"
LABEL: Final = 34
"""Characters between two sides of the ladder."""
MAX_HOPS: Final = 10_000
"""Messages that are kept."""


def label(message: Message) -> str:
    """Return a short label: `INVITE`, `180 Ringing (INVITE)`."""
    if isinstance(message, Request):
        has_sdp = " (SDP)" if message.body and message.method == "INVITE" else ""
        return one_line(message.method + has_sdp)
    status = getattr(message, "status", 0)
    reason = getattr(message, "reason", "")
    method = message.headers.get("CSeq") or "?"
    return one_line(f"{status} {reason} ({method.rpartition(' ')[2]})")


def rung(hop: Hop) -> str:
    """Return one message as a line: `alice → INVITE`."""
    arrow = "→" if hop.incoming else "←"
    return f"{hop.peer} {arrow} {label(hop.message)}"


@dataclass(slots=True)
class Ladder:
    """Records the messages of a run, and draws them between two users and the sandbox."""

    left: str
    right: str
    _hops: list[Hop] = field(default_factory=list)
    _peers: dict[Flow, str] = field(default_factory=dict)
    """The user of each connection, known once it has registered."""

    def put(self, hop: Hop) -> None:
        """Record a message."""
        if len(self._hops) < MAX_HOPS:
            self._peers[hop.flow] = hop.peer
            self._hops.append(hop)

    def lines(self) -> list[str]:
        """Return the lines of the ladder, without messages of other users."""
        head = f"{self.left:<{LABEL}}{MIDDLE:^{len(MIDDLE)}}{self.right:>{LABEL}}"
        shown = [hop for hop in self._hops if self._peers[hop.flow] in (self.left, self.right)]
        return [head, *map(self._line, shown)]

    def _line(self, hop: Hop) -> str:
        is_left = self._peers[hop.flow] == self.left
        # Rightwards: from the left user to the middle, or from the middle to the right user.
        arrow = _arrow(label(hop.message), rightwards=is_left == hop.incoming)
        gap = " " * (LABEL + len(MIDDLE) - 2)
        return f" {arrow}" if is_left else f" {gap}{arrow}"


def _arrow(text: str, *, rightwards: bool) -> str:
    width = LABEL - 3
    most = width - 4
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    shaft = f" {text} ".center(width, "─")
    return f"{shaft}▶" if rightwards else f"◀{shaft}"
