"""Measure how losses cluster: bursts and the gaps between them (RFC 3611 A.2)."""

from typing import Final

from sipcli.media.rtp.xr import GMIN

_FRAME_MS: Final = 20


class BurstMetrics:
    """Counts frames of 20 ms, which stand for packets, in the order in which they are played.

    A burst begins and ends with a loss, and never contains `GMIN` good frames in a row. A single
    loss with at least `GMIN` good frames on both sides belongs to a gap.
    """

    def __init__(self) -> None:
        self._count = 0
        """Finished bursts, and the frames and losses in them."""
        self._frames = 0
        self._losses = 0
        self._all = 0
        self._all_losses = 0
        self._span = 0
        """Frames from the first to the last loss of a possible burst, and the losses among them."""
        self._span_losses = 0
        self._good = 0
        """Frames since the last loss."""

    def add_good(self, frames: int = 1) -> None:
        """Count frames that were played as they were sent."""
        self._all += frames
        self._good += frames

    def add_lost(self, frames: int = 1) -> None:
        """Count frames that had to be concealed."""
        if self._good >= GMIN:
            self._count, self._frames, self._losses = self._with_span()
            self._span = self._span_losses = 0
        elif self._span:
            self._span += self._good
        self._span += frames
        self._span_losses += frames
        self._all += frames
        self._all_losses += frames
        self._good = 0

    @property
    def lost_rate(self) -> float:
        """Share of losses in all frames: 0.0 to 1.0."""
        return self._all_losses / self._all if self._all else 0.0

    @property
    def burst_density(self) -> float:
        """Share of losses within bursts."""
        _, frames, losses = self._with_span()
        return losses / frames if frames else 0.0

    @property
    def gap_density(self) -> float:
        """Share of losses between bursts."""
        _, frames, losses = self._with_span()
        return (self._all_losses - losses) / (self._all - frames) if self._all > frames else 0.0

    @property
    def burst_duration_ms(self) -> int:
        """Mean length of a burst in ms; 0 if there was none."""
        count, frames, _ = self._with_span()
        return round(frames * _FRAME_MS / count) if count else 0

    @property
    def gap_duration_ms(self) -> int:
        """Mean length in ms of the gaps before, between and after bursts."""
        count, frames, _ = self._with_span()
        return round((self._all - frames) * _FRAME_MS / (count + 1))

    def _with_span(self) -> tuple[int, int, int]:
        """Return the bursts, their frames and losses, including the latest, unfinished one."""
        if self._span_losses < 2:
            return self._count, self._frames, self._losses
        return self._count + 1, self._frames + self._span, self._losses + self._span_losses
