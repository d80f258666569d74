"""Rate-limited warnings about malformed messages: what is wrong, where, and how we reacted.

A peer controls how many there are, so the same sentence is reported once a minute at most, so is
the same harmless fault in any message, and at most `MAX_REPORTS` different ones are.
"""

from collections.abc import Callable
from typing import Final

from sipcli.core import events
from sipcli.sip.message import Fault, Request, Response

MIN_INTERVAL_S: Final = 60.0
"""Seconds in which the same warning is not repeated."""
MAX_REPORTS: Final = 10
"""Warnings in one period; a last one says that there were more."""
MAX_EXCERPT: Final = 60
"""Characters quoted from data that is not a SIP message."""


class FaultReports:
    """Reports malformed messages, within bounds; `now` is in seconds on the caller's clock."""

    def __init__(self, emit: Callable[[events.Event], None]) -> None:
        self._emit = emit
        self._reported: dict[str, float] = {}
        """Topic -> when it was reported, oldest first."""

    def refused(self, request: Request, fault: Fault, now: float) -> None:
        """Report a request that is answered with the fault's status."""
        what = "was dropped" if request.method == "ACK" else f"was refused with {fault.status}"
        self._report(f"{_named(request)} {what}: {_place(fault)}", now)

    def used(self, message: Request | Response, fault: Fault, now: float) -> None:
        """Report a malformed message that is used as far as it can be read."""
        text = f"{_named(message)} is malformed but still used: {_place(fault)}"
        self._report(text, now, topic=f"used: {fault.header}: {fault.reason}")

    def dropped(self, message: Request | Response, fault: Fault, now: float) -> str:
        """Report a message that cannot be used at all, and return the sentence."""
        text = f"{_named(message)} cannot be used: {_place(fault)}"
        self._report(text, now)
        return text

    def unknown(self, data: bytes, fault: Fault, now: float) -> str:
        """Report bytes that are not a SIP message, and return the sentence."""
        start = data.lstrip(b"\r\n")[: MAX_EXCERPT + 1].splitlines() or [b""]
        shown = start[0].decode("utf-8", "replace")
        shown = shown if len(shown) <= MAX_EXCERPT else f"{shown[:MAX_EXCERPT]}…"
        what = f'the server sent something that is not a SIP message, "{shown}"'
        text = f"{what}: {_place(fault)}"
        self._report(text, now)
        return text

    def _report(self, text: str, now: float, topic: str | None = None) -> None:
        """Emit `text`, unless its topic (by default the text) was reported too recently."""
        topic = topic or text
        self._reported = {
            known: at for known, at in self._reported.items() if now - at < MIN_INTERVAL_S
        }
        if topic in self._reported or len(self._reported) > MAX_REPORTS:
            return
        if len(self._reported) == MAX_REPORTS:
            text = (
                f"more malformed messages arrived; no further warnings for {MIN_INTERVAL_S:.0f} s"
            )
        self._reported[topic] = now
        self._emit(events.Warned(text=text))


def _named(message: Request | Response) -> str:
    if isinstance(message, Request):
        method = message.method[:MAX_EXCERPT]
        return f"an {method}" if method.startswith(tuple("AEIOU")) else f"a {method}"
    cseq = message.headers.get("CSeq") or ""
    method = cseq.rpartition(" ")[2][:MAX_EXCERPT]
    kind = str(message.status) if message.status else "response"
    return f"a {kind} to {method}" if method else f"a {kind}"


def _place(fault: Fault) -> str:
    """The fault with its place: the header field and the character in it."""
    where = fault.header if fault.header and fault.header not in fault.reason else ""
    at = "" if fault.offset is None else f"at character {fault.offset + 1}"
    both = " ".join(part for part in (where, at) if part)
    return f"{fault.reason} ({both})" if both else fault.reason
