"""Find out from the far end's RTCP reports if our packets arrive (RFC 3550 §6.4)."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

from sipcli.media.rtp.rtcp import ReportBlock
from sipcli.media.rtp.sender import Sender

DENIAL_S: Final = 2.0
"""Seconds of sending between two reports without us, after which our packets count as lost."""
_ALL_LOST: Final = 255 / 256
"""The largest fraction that a report block can state."""


class Delivery(Enum):
    """What the far end's reports say about the packets we sent."""

    UNKNOWN = auto()
    """Too little to tell, or nothing."""
    CONFIRMED = auto()
    """They arrive."""
    ALL_LOST = auto()
    """The last report block about us says that every packet was lost."""
    UNNAMED = auto()
    """No report in at least `DENIAL_S` had a block about us: nothing arrives, or the far end never
    reports on what it receives."""


class DeliveryMonitor:
    """Keeps track of what the far end's reports say about the packets of `sender`.

    A report has a block for each source received since the previous report (§6.4). One without a
    block about us may have been written before our first packet arrived: libwebrtc first sends a
    sender report, 0.2 s before the receiver report that names us. So a single one proves nothing.
    """

    def __init__(self, sender: Sender) -> None:
        self.state = Delivery.UNKNOWN
        self._sender = sender
        self._unnamed_since: float | None = None
        """When the first report without us arrived; None before it."""

    def on_blocks(self, blocks: Iterable[ReportBlock], now: float) -> None:
        """Process all report blocks of a compound packet with a report; `now` in seconds."""
        ours = [block for block in blocks if block.ssrc == self._sender.ssrc]
        if ours:
            all_lost = ours[-1].fraction_lost >= _ALL_LOST
            self.state = Delivery.ALL_LOST if all_lost else Delivery.CONFIRMED
        elif self.state is Delivery.UNKNOWN:
            self._on_unnamed(now)

    def _on_unnamed(self, now: float) -> None:
        since = self._unnamed_since
        if since is None or not self._sender.sent_throughout(since, now):
            self._unnamed_since = now
        elif now - since >= DENIAL_S:
            self.state = Delivery.UNNAMED
