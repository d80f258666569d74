"""Reliable provisional responses: 100rel, RSeq, PRACK (RFC 3262)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sipcli.core.calls.retransmit import Retransmission
from sipcli.core.dialogs.services import NewTimer
from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from sipcli.sip.message import Response

TAG: Final = "100rel"
"""The option tag."""

FIRST_RSEQ_LIMIT: Final = 2**31 - 1
"""The first number lies below; it is chosen at random (§3)."""
MAX_QUEUED: Final = 8
"""Responses that wait for the PRACK of an earlier one; the oldest waiting goes first."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A provisional response to be sent."""

    status: int
    body: bytes = b""


def is_reliable(response: Response) -> bool:
    """True if a response asks for a PRACK; a 100 never does (§4)."""
    return 100 < response.status < 200 and TAG in response.require and response.rseq is not None


class ReliableSender:
    """Our reliable responses to one INVITE: one at a time, repeated until its PRACK.

    `send` is called with the RSeq to put in and the time, at first and for each repetition;
    `give_up` if no PRACK comes in all the time there is.
    """

    def __init__(
        self,
        rseq: int,
        send: Callable[[Draft, int, float], None],
        give_up: Callable[[float], None],
        new_timer: NewTimer,
    ) -> None:
        self._rseq = rseq
        self._send = send
        self._give_up = give_up
        self._queue: deque[Draft] = deque(maxlen=MAX_QUEUED)
        self._repetition = Retransmission(
            new_timer, TRANSACTION_TIMEOUT_S, self._send_again, self._on_no_prack
        )
        self.outstanding: Draft | None = None
        """Sent and not acknowledged."""

    @property
    def carries_body(self) -> bool:
        """True if an unacknowledged one holds a session description: a 2xx has to wait (§3)."""
        waiting = (*self._queue, *((self.outstanding,) if self.outstanding else ()))
        return any(draft.body for draft in waiting)

    def submit(self, draft: Draft, now: float) -> None:
        """Send it, after those before it were acknowledged."""
        self._queue.append(draft)
        if self.outstanding is None:
            self._send_next(now)

    def pracked(self, rseq: int, now: float) -> bool:
        """Take a PRACK; False: it acknowledges nothing that is outstanding (481)."""
        if self.outstanding is None or rseq != self._rseq:
            return False
        self.outstanding = None
        self._repetition.stop()
        self._rseq += 1
        if self._queue:
            self._send_next(now)
        return True

    def stop(self) -> None:
        """A final response is out: repeat nothing, send nothing new."""
        self._queue.clear()
        self._repetition.stop()

    def _send_next(self, now: float) -> None:
        self.outstanding = self._queue.popleft()
        self._repetition.start(now)
        self._send_again(now)

    def _send_again(self, now: float) -> None:
        if self.outstanding is not None:
            self._send(self.outstanding, self._rseq, now)

    def _on_no_prack(self, now: float) -> None:
        self.stop()
        self._give_up(now)


class ReliableReceiver:
    """Their reliable responses in one early dialog: each once and in order (§4)."""

    def __init__(self) -> None:
        self._latest: int | None = None

    def accepts(self, rseq: int) -> bool:
        """True if this one is new and the next in order: it gets its PRACK, others nothing."""
        if self._latest is not None and rseq != self._latest + 1:
            return False
        self._latest = rseq
        return True
