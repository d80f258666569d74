"""Repeats lost DTLS flights soon: OpenSSL would wait a second first (RFC 6347 §4.2.4.1).

A flight is what one side sends before it needs an answer. UDP may double any datagram, so
sending one again is no matter; whoever has it drops the copy. Only the side that sent a lost
datagram can help, and it knows of the loss in two ways: nothing new comes, or something comes
again that it has answered.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Final

FIRST_REPEAT: Final = 0.1
"""Seconds until a flight is first sent again; each later one takes twice as long."""

MIN_SPACING: Final = 0.05
"""Seconds between two repetitions of a flight because something came again: a peer that repeats
itself without end gets no flood for it."""

MAX_KEPT: Final = 16
"""Datagrams kept of each side: a flight with a long certificate chain has about ten."""

_ALERT: Final = 21
_FATAL: Final = 2
_REFUSALS: Final = {
    40: "it found no cipher, key exchange or SRTP profile in common with us",
    42: "it does not accept our certificate",
    43: "it does not accept our kind of certificate",
    44: "it says that our certificate is revoked",
    45: "it says that our certificate has expired",
    46: "it does not accept our certificate",
    48: "it does not accept our certificate",
    51: "it cannot verify what we signed",
    70: "it does not speak DTLS 1.2",
    71: "our ciphers are too weak for it",
}
"""What a fatal alert of the far end means (RFC 5246 §7.2.2)."""
_COMPLAINTS: Final = {
    40: "it has no cipher or key exchange in common with us, or shows no certificate",
    51: "what it signed does not fit its certificate",
    70: "it does not speak DTLS 1.2",
    116: "it shows no certificate",
}
"""What a fatal alert of ours means."""


class Flights:
    """The datagrams of one handshake, in both directions. Call `finish` at its end."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._sent: deque[bytes] = deque(maxlen=MAX_KEPT)
        self._received: deque[bytes] = deque(maxlen=MAX_KEPT)
        self._answered = False
        """Whether something new came since our last flight: the next datagram begins another."""
        self._repeated = -math.inf
        """When the flight was last sent again because something came again."""
        self._timer: asyncio.TimerHandle | None = None
        self._finished = False
        self._refusal: int | None = None
        self._complaint: int | None = None
        """The last fatal alert of the far end, and of ours."""

    def send(self, data: bytes) -> None:
        """Send a datagram, and again until the handshake goes on."""
        if self._answered:
            self._answered = False
            self._sent.clear()
        self._sent.append(data)
        self._send(data)
        self._complaint = _fatal_alert(data) or self._complaint
        if not self._finished:
            self._repeat_after(FIRST_REPEAT)

    def receive(self, data: bytes) -> bool:
        """Note a datagram; returns whether it is a new one."""
        if data in self._received:
            now = asyncio.get_running_loop().time()
            if now - self._repeated >= MIN_SPACING:
                self._repeated = now
                self._repeat()
            return False
        if not self._finished:
            self._received.append(data)
            self._answered = True
            self._refusal = _fatal_alert(data) or self._refusal
        return True

    def finish(self) -> None:
        """The handshake has ended here. The far end may still miss our last flight."""
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def explain_silence(self, limit: float) -> str:
        """Why the handshake did not end within `limit` seconds."""
        if self._received:
            return f"the DTLS handshake with the far end did not finish within {limit:.0f} s"
        return f"the far end did not answer the DTLS handshake within {limit:.0f} s"

    def explain_failure(self) -> str:
        """Why the handshake has failed."""
        if self._refusal is not None:
            meaning = _REFUSALS.get(self._refusal, f"it sent alert {self._refusal}")
            return f"the far end refused the DTLS handshake: {meaning}"
        meaning = _COMPLAINTS.get(self._complaint or 0, "it does not follow the protocol")
        return f"the DTLS handshake with the far end failed: {meaning}"

    def _repeat(self) -> None:
        for data in self._sent:
            self._send(data)

    def _repeat_after(self, delay: float) -> None:
        def again() -> None:
            self._repeat()
            self._repeat_after(2 * delay)

        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay, again)


def _fatal_alert(data: bytes) -> int | None:
    """The description of a fatal alert that is sent in the clear, as all are before the keys."""
    if len(data) == 15 and data[0] == _ALERT and data[3:5] == b"\0\0" and data[13] == _FATAL:
        return data[14]
    return None
