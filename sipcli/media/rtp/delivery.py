"""Tell from the far end's RTCP reports if our packets arrive (RFC 3550 §6.4)."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

from sipcli.media.rtp.rtcp import ReportBlock
from sipcli.media.rtp.sender import Sender

DENIAL_S: Final = 2.0
"""Seconds of our sending, between two reports that do not name us, that make up a denial."""
_ALL_LOST: Final = 255 / 256
"""What the fraction of lost packets can tell at most."""


class Delivery(Enum):
    """What the far end's reports say of the packets we sent."""

    UNKNOWN = auto()
    """Too little, or nothing at all."""
    CONFIRMED = auto()
    """They arrive."""
    ALL_LOST = auto()
    """The last block about us says that every packet was lost."""
    UNNAMED = auto()
    """Reports at least `DENIAL_S` apart named nothing of ours, and none ever did: nothing
    arrives, or the far end never reports on what it receives."""


class DeliveryMonitor:
    """Adds up what the far end's reports say of the packets of `sender`.

    A report has a block for each source heard since the report before it (§6.4). One without a
    block about us may have been written before anything of ours could arrive: libwebrtc's first
    is a sender report 0.2 s ahead of the receiver report that names us. So one is no denial.
    """

    def __init__(self, sender: Sender) -> None:
        self.state = Delivery.UNKNOWN
        self._sender = sender
        self._unnamed_since: float | None = None
        """When the first of the reports came that do not name us; None before it."""

    def on_blocks(self, blocks: Iterable[ReportBlock], now: float) -> None:
        """Take all blocks of one compound packet that has a report in it, at `now` (seconds)."""
        ours = [block for block in blocks if block.ssrc == self._sender.ssrc]
        if ours:
            all_lost = ours[-1].fraction_lost >= _ALL_LOST
            self.state = Delivery.ALL_LOST if all_lost else Delivery.CONFIRMED
        elif self.state is Delivery.UNKNOWN:
            self._take_unnamed(now)

    def _take_unnamed(self, now: float) -> None:
        since = self._unnamed_since
        if since is None or not self._sender.sent_throughout(since, now):
            self._unnamed_since = now
        elif now - since >= DENIAL_S:
            self.state = Delivery.UNNAMED
