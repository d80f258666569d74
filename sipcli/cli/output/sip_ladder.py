"""Record the SIP messages of a run as a ladder, for the JUnit report."""

import time
from typing import Final

from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal
from sipcli.sip.message import Message, Request, Response
from sipcli.sip.parser import parse
from sipcli.text import one_line

MAX_MESSAGES: Final = 2_000
"""Messages that are kept: bounds the memory that a far end can fill."""


class SipLadder:
    """Keeps a line for each message that a journal shows.

    A line has only the method, or the status and reason: no secrets.
    """

    def __init__(self, journal: Journal) -> None:
        journal.subscribe(SipEntry, self._on_entry)
        self._since = time.monotonic()
        self._lines: list[str] = []
        self._left_out = 0
        self._server = ""

    def _on_entry(self, entry: SipEntry) -> None:
        self._keep("→" if entry.direction == "sent" else "←", entry.server, entry.data)

    @property
    def text(self) -> str:
        """One line per message: seconds since the start, direction, message."""
        lines = self._lines or ["no SIP message was sent or received"]
        more = [f"{self._left_out} more messages"] if self._left_out else []
        return "\n".join([*lines, *more])

    def _keep(self, arrow: str, server: str, data: bytes) -> None:
        if not data.strip():
            return  # a keep-alive
        if len(self._lines) >= MAX_MESSAGES:
            self._left_out += 1
            return
        if server != self._server:
            self._server = server
            self._lines.append(server)
        message = parse(data).message
        what = (
            label(message)
            if message is not None
            else f"{len(data)} bytes that are not a SIP message"
        )
        self._lines.append(f"{time.monotonic() - self._since:9.3f} s  {arrow} {what}")


def label(message: Message) -> str:
    """Return a short label: `INVITE`, `180 Ringing (INVITE)`."""
    if isinstance(message, Request):
        has_sdp = " (SDP)" if message.body and message.method == "INVITE" else ""
        return one_line(message.method + has_sdp)
    status = f"{message.status} {message.reason}" if isinstance(message, Response) else "?"
    method = message.headers.get("CSeq") or "?"
    return one_line(f"{status} ({method.rpartition(' ')[2]})")
