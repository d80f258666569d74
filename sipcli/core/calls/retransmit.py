"""Repeat a response of ours until it is acknowledged.

The 2xx to INVITE (RFC 3261 §13.3.1.4) and reliable provisional responses (RFC 3262 §3) are
repeated by their user, end to end, whatever the transport.
"""

from collections.abc import Callable
from typing import Final

from sipcli.core.dialogs.services import NewTimer
from sipcli.core.transactions.transaction import T1, TRANSACTION_TIMEOUT_S

T2: Final = 4.0
"""Longest wait between two 2xx, in seconds (RFC 3261 §17.1.2.2)."""


class Retransmission:
    """Waits of T1 seconds, doubled each time up to `longest`, for 64 * T1 in all.

    `repeat` is called after each wait, `give_up` after the last; both get the time in seconds.
    """

    def __init__(
        self,
        new_timer: NewTimer,
        longest: float,
        repeat: Callable[[float], None],
        give_up: Callable[[float], None],
    ) -> None:
        self._longest = longest
        self._repeat = repeat
        self._give_up = give_up
        self._interval = T1
        self._repeat_timer = new_timer(self._on_repeat_due)
        self._end_timer = new_timer(self._on_end)

    def start(self, now: float) -> None:
        """The response was sent for the first time."""
        self._interval = T1
        self._repeat_timer.start(now + T1)
        self._end_timer.start(now + TRANSACTION_TIMEOUT_S)

    def stop(self) -> None:
        """It was acknowledged, or its request has a later answer."""
        self._repeat_timer.stop()
        self._end_timer.stop()

    def _on_repeat_due(self, now: float) -> None:
        if self._end_timer.at is None or self._end_timer.at <= now:
            return  # a step that comes late gives up at once
        self._interval = min(2 * self._interval, self._longest)
        self._repeat_timer.start(now + self._interval)
        self._repeat(now)

    def _on_end(self, now: float) -> None:
        self.stop()
        self._give_up(now)
