"""How much is measured: everything, or a few minutes' worth."""

from dataclasses import dataclass
from typing import Final

from scripts.bench.network import CLEAN, Impairment

NEAR_JITTER: Final = Impairment(delay_ms=20, jitter_ms=20)
JITTER: Final = Impairment(delay_ms=40, jitter_ms=20)
JITTER_AND_LOSS: Final = Impairment(loss_percent=5, delay_ms=40, jitter_ms=20)
BURSTS: Final = Impairment(loss_percent=5, burst=3)
LOSSES: Final = tuple(Impairment(loss_percent=loss) for loss in (2, 5, 10, 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What the tables are made of."""

    runs: int
    """Of ours; of stock aiortc one will do, so far is it from any goal."""
    seconds: float
    """Of a call that is scored: some segments of eight seconds, and one second more."""
    set_ups: int
    steps: dict[tuple[str, str], tuple[int, ...]]
    """How many calls at a time, by engine and codec."""
    load_s: float
    opus: tuple[Impairment, ...]
    pcmu: tuple[Impairment, ...]
    beside: tuple[Impairment, ...]
    """Where Chromium is compared, point by point."""


FULL: Final = Extent(
    runs=2,
    seconds=42.0,
    set_ups=11,
    steps={
        ("sipcli", "opus"): (1, 10, 30, 40, 45, 50),
        ("sipcli", "pcmu"): (1, 30, 60, 80, 90, 100),
        ("aiortc", "opus"): (1, 10, 20, 30),
        ("aiortc", "pcmu"): (1, 20, 30, 40),
        ("bare", "pcmu"): (1, 30),
    },
    load_s=9.0,
    opus=(CLEAN, *LOSSES, BURSTS, NEAR_JITTER, JITTER, JITTER_AND_LOSS),
    pcmu=(CLEAN, *LOSSES[:3]),
    beside=(
        *(
            Impairment(loss_percent=loss, delay_ms=40 if jitter else 0, jitter_ms=jitter)
            for jitter in (0, 20, 40)
            for loss in (0, 2, 5, 10)
        ),
        BURSTS,
    ),
)
QUICK: Final = Extent(
    runs=1,
    seconds=18.0,
    set_ups=5,
    steps={
        ("sipcli", "opus"): (1, 10, 30),
        ("sipcli", "pcmu"): (1, 10, 30),
        ("aiortc", "opus"): (1, 10),
        ("aiortc", "pcmu"): (1, 10),
        ("bare", "pcmu"): (1, 30),
    },
    load_s=6.0,
    opus=(CLEAN, *LOSSES[:2], BURSTS, NEAR_JITTER, JITTER, JITTER_AND_LOSS),
    pcmu=(CLEAN, LOSSES[1]),
    beside=(CLEAN, LOSSES[1]),
)
