"""Proof that work takes no longer than its input deserves, on any machine, however busy.

No limit is in seconds: the time of one piece of work is compared with that of another, measured in
the same rounds. Of each the least counts, so a busy machine can only make a proof take more rounds.
"""

import gc
import time
from collections.abc import Callable
from typing import Final

LARGE: Final = 64_000
"""Bytes: a little less than the largest message that is read."""
FACTOR: Final = 8
"""How many times larger the large input is than the small one."""
STEEPEST: Final = FACTOR**1.5
"""Halfway (on a logarithmic scale) from linear work, which takes 8 times as long on 8 times the
input, to quadratic work, which takes 64 times as long."""
ROUNDS: Final = 12
"""How often a comparison is repeated before it fails."""


def assert_grows_linearly(work: Callable[[int], Callable[[], object]], large: int = LARGE) -> None:
    """Fail if what `work(size)` returns needs much more than 8 times as long for 8 times the size.

    `work` prepares the input, which is not measured. What takes no longer than to count to `large`
    passes in any case: there the machine's memory is measured rather than the work.
    """
    assert_costs_at_most(
        work(large), (STEEPEST, work(large // FACTOR)), (1, lambda: sum(1 for _ in range(large)))
    )


def assert_costs_at_most(
    work: Callable[[], object], *limits: tuple[float, Callable[[], object]]
) -> None:
    """Fail if `work` takes longer than each of `limits`: so many times what its peer takes."""
    least, bounds = float("inf"), [float("inf") for _ in limits]
    for _, peer in limits:
        peer()  # what is made once and kept (compiled patterns, caches) does not count
    for _ in range(ROUNDS):
        least = min(least, cpu_seconds(work))
        for index, (times, peer) in enumerate(limits):
            # If the machine disturbed a peer, work that is too slow would pass: so more than once.
            bounds[index] = min(bounds[index], *(times * cpu_seconds(peer) for _ in range(3)))
            if least <= bounds[index]:
                return
    raise AssertionError(f"{least:.6f} s of processor time, and the limit is {max(bounds):.6f} s")


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor time of `work` without the garbage collector, which has its own."""
    gc.disable()
    begun = time.process_time()
    try:
        work()
        return time.process_time() - begun
    finally:
        gc.enable()
