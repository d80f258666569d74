"""Choose the protection against packet loss (FEC, RED) from the far end's reports."""

from typing import Final

from sipcli.media.rtp.xr import VoipMetrics

WORTH_REDUNDANCY: Final = 1.5
"""Percent of loss from which on each packet brings the one before it again. One packet lost in a
second, once, is less; 2 % at random is more. There, PESQ-WB rises from 4.2 with FEC to 4.4."""
MUCH: Final = 7.0
"""Percent of loss from which on it brings the two before it. Of so many lost at random a single one
leaves 0.5 %; were this 10, PESQ-WB at 10 % would be 4.1 and not 4.3, as reports tell now more, now
less."""
TOO_LITTLE: Final = 1 / 256
"""Share of packets lost that could not be recovered from which on it does so, too. Of 5 % lost at
random a single copy leaves 0.3 %, which is below; of as many in bursts of three it leaves 3 %."""
_FIRST: Final = 1
"""Packets lost in any case when redundancy begins: the receiver does not wait for copies yet."""
DENSE: Final = 0.4
"""Share of losses within bursts from which on losses do not come by chance."""
LASTING_MS: Final = 60
"""Length of bursts from which on they outlast the two packets before."""
_NEAR: Final = (1, 2)
_FAR: Final = (1, 4)
"""Reaches as far back as four copies would, for the price of two. With bursts of three, 5 % in all,
PESQ-WB is 3.9 instead of 3.6, and mouth to ear 120 ms instead of 80, which G.107 finds no worse.
Losses at random need none of that, and are back sooner with the other."""
_RISE: Final = 0.7
"""How much of a rise is believed at once."""
_HALF_LIFE_S: Final = 5.0
"""Seconds in which what is remembered of a loss falls to half of it."""
_REPORTS_IN_A_ROW: Final = 3
"""Reports in a row of far more loss than there was before more was sent: perhaps the way is too
narrow for it. It is stopped then; as many of no less loss without it say that it was not that."""
_RESPITE_S: Final = 60.0
"""Seconds in which no more is sent to a way that is too narrow."""


class LossProtection:
    """What to do: quick to begin, slow to end. Time is `now`, in seconds.

    `max_redundant` is how many earlier payloads a packet may repeat: 0 if the far end does not
    accept RED (RFC 2198).
    """

    def __init__(self, max_redundant: int = 0) -> None:
        self.loss_percent = 0.0
        """What to expect."""
        self.max_redundant = max_redundant
        self._is_too_little = False
        """Whether redundancy leaves losses."""
        self._are_bursts = False
        self._told = (0.0, 0)
        """Packets not recovered, and packets sent, as the far end last told."""
        self._begun = self._told
        """The same when redundancy began."""
        self._heeded = 0.0
        self._before: float | None = None
        """The loss when redundancy began; None while there is none."""
        self._in_a_row = 0
        """Reports that speak against what is done, or against having stopped it."""
        self._not_until = 0.0
        self._suspect = 0.0
        """The loss that made redundancy stop."""

    @property
    def redundancy(self) -> int:
        """How many earlier payloads each packet is to bring again."""
        if self._before is None:
            return 0
        return min(self.max_redundant, 2 if self._is_too_little or self.loss_percent >= MUCH else 1)

    @property
    def distances(self) -> tuple[int, ...]:
        """How many packets back each of these payloads is, the nearest first."""
        if self._is_too_little and self._are_bursts:
            return _FAR[len(_FAR) - self.redundancy :]
        return _NEAR[: self.redundancy]

    @property
    def fec_percent(self) -> float:
        """The loss that FEC is to be prepared for: none where whole payloads come again.

        FEC takes its bits from the packet that bears it, and would tell nothing new.
        """
        return 0.0 if self.redundancy else self.loss_percent

    def on_report(self, loss_percent: float, now: float) -> None:
        """Process the loss between two reports of the far end, in percent."""
        remembered = self.loss_percent * 0.5 ** ((now - self._heeded) / _HALF_LIFE_S)
        self._heeded = now
        self.loss_percent = max(remembered, remembered + _RISE * (loss_percent - remembered))
        if self._before is not None and self._is_told(loss_percent > 2 * self._before + 10):
            self._not_until, self._suspect = now + _RESPITE_S, loss_percent
        elif now < self._not_until and self._is_told(loss_percent > self._suspect / 2):
            self._not_until = now
        if self.loss_percent < WORTH_REDUNDANCY or now < self._not_until:
            self._before = None
        elif self._before is None:
            self._before = self.loss_percent
            self._begun, self._is_too_little = self._told, False

    def on_metrics(self, metrics: VoipMetrics, sent: int) -> None:
        """Process the far end's unrecovered loss, out of all `sent` packets so far.

        What was lost before redundancy began says nothing of whether it is enough.
        """
        self._told = metrics.loss_rate * sent, sent
        lost, of = self._told[0] - self._begun[0], sent - self._begun[1]
        few = TOO_LITTLE / 2 * of if self._is_too_little else _FIRST + TOO_LITTLE * of
        self._is_too_little = lost > few
        self._are_bursts = (
            metrics.burst_density >= DENSE and metrics.burst_duration_ms >= LASTING_MS
        )

    def _is_told(self, again: bool) -> bool:
        """Whether reports have said the same often enough; the count begins anew then."""
        self._in_a_row = self._in_a_row + 1 if again else 0
        if self._in_a_row < _REPORTS_IN_A_ROW:
            return False
        self._in_a_row = 0
        return True
