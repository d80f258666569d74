"""The proof of linear growth: what is linear passes, what is quadratic does not."""

import re
from collections.abc import Callable

import pytest

from tests import growth
from tests.growth import assert_costs_at_most, assert_grows_linearly


def loops(size: int) -> Callable[[], object]:
    return lambda: sum(1 for _ in range(size))


def test_linear_work_passes() -> None:
    assert_grows_linearly(loops)
    assert_grows_linearly(lambda size: lambda: sorted(range(size, 0, -1)))
    assert_grows_linearly(lambda size: lambda: b" " * size)


@pytest.mark.parametrize(
    "work",
    [
        lambda size: lambda: [size for _ in range(size) for _ in range(size // 10)],
        lambda size: lambda: re.search("a+b", "a" * size),
    ],
)
def test_quadratic_work_fails(work: Callable[[int], Callable[[], object]]) -> None:
    with pytest.raises(AssertionError, match="processor time"):
        assert_grows_linearly(work, 5_000)


def test_work_is_compared_with_its_peer() -> None:
    assert_costs_at_most(loops(20_000), (5, loops(10_000)))
    with pytest.raises(AssertionError):
        assert_costs_at_most(loops(20_000), (1.5, loops(2_000)), (2, loops(5_000)))


def test_a_busy_machine_only_costs_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the last measurement of the work are disturbed: it is linear and passes."""
    left = growth.ROUNDS

    def disturbed(work: Callable[[], object]) -> float:
        nonlocal left
        if work is not linear:
            return 1.0
        left -= 1
        return 8.0 if left == 0 else 100.0

    linear = loops(8)
    monkeypatch.setattr(growth, "cpu_seconds", disturbed)
    assert_costs_at_most(linear, (9, loops(1)))
    assert left == 0
