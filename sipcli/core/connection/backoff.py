"""Compute the wait before the next connection or registration attempt (RFC 5626 §4.5)."""

from collections.abc import Callable
from typing import TypeAlias

Draw: TypeAlias = Callable[[], float]
"""A source of numbers in [0, 1)."""


def retry_delay(failures: int, low: float, high: float, draw: Draw) -> float:
    """Seconds to wait after `failures` attempts in a row have failed (at least one).

    Uniform in 50-100 % of `low` doubled with each further failure, and never outside
    `low` to `high`: the user's setting for the shortest wait takes precedence over the lower half.
    """
    bound = min(high, low * 2.0 ** min(max(failures, 1) - 1, 32))
    return max(low, bound * (0.5 + draw() / 2))
