"""Retransmit lost DTLS flights early: OpenSSL would wait a second first (RFC 6347 §4.2.4.1).

A flight is what one side sends before it needs an answer. UDP may duplicate any datagram, so a
retransmission does no harm: the receiver drops the copy. Only the sender of a lost datagram can
help, and it notices the loss in two ways: nothing new arrives, or the peer repeats a datagram
that was already answered.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Final

FIRST_REPEAT: Final = 0.1
"""Seconds until a flight is first retransmitted; doubles each time."""

MIN_SPACING: Final = 0.05
"""Minimum seconds between two retransmissions caused by a repeated datagram: a peer that repeats
itself endlessly must not trigger a flood."""

MAX_KEPT: Final = 16
"""Datagrams kept for each side: a flight with a long certificate chain has about ten."""

_ALERT: Final = 21
_FATAL: Final = 2
_REFUSALS: Final = {
    40: "it has no cipher, key exchange or SRTP profile in common with us",
    42: "it does not accept our certificate",
    43: "it does not support our type of certificate",
    44: "it says our certificate is revoked",
    45: "it says our certificate has expired",
    46: "it does not accept our certificate",
    48: "it does not accept our certificate",
    51: "it cannot verify our signature",
    70: "it does not speak DTLS 1.2",
    71: "our ciphers are too weak for it",
}
"""What a fatal alert of the far end means (RFC 5246 §7.2.2)."""
_COMPLAINTS: Final = {
    40: "it has no cipher or key exchange in common with us, or shows no certificate",
    51: "its signature does not match its certificate",
    70: "it does not speak DTLS 1.2",
    116: "it shows no certificate",
}
"""What a fatal alert of ours means."""


class DtlsFlights:
    """The datagrams of one handshake, in both directions. Call `finish` at its end."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._sent: deque[bytes] = deque(maxlen=MAX_KEPT)
        self._received: deque[bytes] = deque(maxlen=MAX_KEPT)
        self._answered = False
        """True if something new arrived since our last flight: the next datagram begins another."""
        self._repeated = -math.inf
        """When the flight was last retransmitted because of a repeated datagram."""
        self._timer: asyncio.TimerHandle | None = None
        self._finished = False
        self._refusal: int | None = None
        self._complaint: int | None = None
        """The last fatal alert of the far end, and of ours."""

    def send(self, data: bytes) -> None:
        """Send a datagram, and retransmit it until the handshake continues."""
        if self._answered:
            self._answered = False
            self._sent.clear()
        self._sent.append(data)
        self._send(data)
        self._complaint = _fatal_alert(data) or self._complaint
        if not self._finished:
            self._repeat_after(FIRST_REPEAT)

    def receive(self, data: bytes) -> bool:
        """Note a received datagram; returns True if it is new."""
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
        """End the handshake on our side. The far end may still need our last flight."""
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def explain_silence(self, limit: float) -> str:
        """Return why the handshake did not finish within `limit` seconds."""
        if self._received:
            return f"the DTLS handshake with the far end did not finish within {limit:.0f} s"
        return f"the far end did not answer the DTLS handshake within {limit:.0f} s"

    def explain_failure(self) -> str:
        """Return why the handshake failed."""
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
    """Return the number of an unencrypted fatal alert, as sent before the keys; None if none."""
    if len(data) == 15 and data[0] == _ALERT and data[3:5] == b"\0\0" and data[13] == _FATAL:
        return data[14]
    return None
