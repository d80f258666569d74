"""Choose the protection against packet loss (FEC, RED) from the far end's reports."""

from typing import Final

from sipcli.media.rtp.xr import VoipMetrics

MIN_LOSS_FOR_COPY: Final = 1.5
"""Percent of loss above which each packet repeats the one before it. One lost packet in a second is
less; 2 % at random is more, and there PESQ-WB rises from 4.2 with FEC to 4.4."""
MIN_LOSS_FOR_TWO_COPIES: Final = 7.0
"""Percent of loss above which each packet repeats the two before it. With 7 % random loss, one copy
leaves 0.5 %. With 10 here, PESQ-WB at 10 % loss would be 4.1 instead of 4.3, since the reported
figures vary."""
MAX_UNRECOVERED: Final = 1 / 256
"""Share of packets that may stay unrecovered with one copy; above it, there are two. Of 5 % random
loss one copy leaves 0.3 %, which is below; of 5 % in bursts of three it leaves 3 %."""
_INITIAL_LOSSES: Final = 1
"""Packets lost anyway when redundancy begins: the receiver does not wait for copies yet."""
DENSE_BURSTS: Final = 0.4
"""Share of losses within bursts above which losses are not random."""
LONG_BURSTS_MS: Final = 60
"""Length of bursts above which they outlast two copies."""
_NEAR: Final = (1, 2)
"""The distances of the copies, in packets, for random losses."""
_FAR: Final = (1, 4)
"""The same for bursts: reaches back as far as four copies, for the price of two. With bursts of
three, 5 % in all, PESQ-WB is 3.9 instead of 3.6, and mouth to ear 120 ms instead of 80, which G.107
rates no worse. Random losses do not need it, and recover sooner without."""
_RISE: Final = 0.7
"""The weight of a report that says more than expected."""
_HALF_LIFE_S: Final = 5.0
"""Seconds after which the expected loss has halved."""
_REPORTS_IN_A_ROW: Final = 3
"""Reports in a row of far more loss than before redundancy began: the path may be too narrow for
it, and it stops. As many without it of no less loss say that this was not the reason."""
_STOP_S: Final = 60.0
"""Seconds without redundancy on a path that is too narrow."""


class LossProtection:
    """Chooses the protection: begins quickly, ends slowly. Time is `now`, in seconds.

    `max_redundant` is how many earlier payloads a packet may repeat: 0 if the far end does not
    accept RED (RFC 2198).
    """

    def __init__(self, max_redundant: int = 0) -> None:
        self.loss_percent = 0.0
        """The expected loss."""
        self.max_redundant = max_redundant
        self._leaves_losses = False
        """True if redundancy leaves too many losses."""
        self._are_bursts = False
        self._unrecovered = (0.0, 0)
        """Packets not recovered, and packets sent, by the far end's last metrics."""
        self._begun = self._unrecovered
        """The same when redundancy began."""
        self._reported_at = 0.0
        self._before: float | None = None
        """The loss when redundancy began; None while there is none."""
        self._in_a_row = 0
        """Consecutive reports that speak against redundancy, or against having stopped it."""
        self._not_until = 0.0
        self._loss_at_stop = 0.0
        """The loss at which redundancy stopped."""

    @property
    def redundancy(self) -> int:
        """How many earlier payloads each packet should repeat."""
        if self._before is None:
            return 0
        return min(
            self.max_redundant,
            2 if self._leaves_losses or self.loss_percent >= MIN_LOSS_FOR_TWO_COPIES else 1,
        )

    @property
    def distances(self) -> tuple[int, ...]:
        """How many packets ago each of these payloads was sent, the latest first."""
        if self._leaves_losses and self._are_bursts:
            return _FAR[len(_FAR) - self.redundancy :]
        return _NEAR[: self.redundancy]

    @property
    def fec_percent(self) -> float:
        """The loss to prepare FEC for: 0 while whole payloads are repeated.

        FEC takes its bits from the packet that carries it, and would add nothing.
        """
        return 0.0 if self.redundancy else self.loss_percent

    def on_report(self, loss_percent: float, now: float) -> None:
        """Process the loss between two reports of the far end, in percent."""
        expected = self.loss_percent * 0.5 ** ((now - self._reported_at) / _HALF_LIFE_S)
        self._reported_at = now
        self.loss_percent = max(expected, expected + _RISE * (loss_percent - expected))
        if self._before is not None and self._is_confirmed(loss_percent > 2 * self._before + 10):
            self._not_until, self._loss_at_stop = now + _STOP_S, loss_percent
        elif now < self._not_until and self._is_confirmed(loss_percent > self._loss_at_stop / 2):
            self._not_until = now
        if self.loss_percent < MIN_LOSS_FOR_COPY or now < self._not_until:
            self._before = None
        elif self._before is None:
            self._before = self.loss_percent
            self._begun, self._leaves_losses = self._unrecovered, False

    def on_metrics(self, metrics: VoipMetrics, sent: int) -> None:
        """Process the far end's unrecovered loss, out of all `sent` packets so far.

        Losses from before redundancy began do not tell if it is enough.
        """
        self._unrecovered = metrics.loss_rate * sent, sent
        lost, since = self._unrecovered[0] - self._begun[0], sent - self._begun[1]
        tolerated = (
            MAX_UNRECOVERED / 2 * since
            if self._leaves_losses
            else _INITIAL_LOSSES + MAX_UNRECOVERED * since
        )
        self._leaves_losses = lost > tolerated
        self._are_bursts = (
            metrics.burst_density >= DENSE_BURSTS and metrics.burst_duration_ms >= LONG_BURSTS_MS
        )

    def _is_confirmed(self, again: bool) -> bool:
        """Return True if enough reports in a row agree; then the count starts again."""
        self._in_a_row = self._in_a_row + 1 if again else 0
        if self._in_a_row < _REPORTS_IN_A_ROW:
            return False
        self._in_a_row = 0
        return True
