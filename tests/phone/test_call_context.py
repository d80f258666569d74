"""How a call acts on the core, which may have moved on (sipcli/phone/call_context.py)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sipcli.core.calls.calls import NoSuchCall
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.phone.call_context import CallContext
from sipcli.phone.runner import UserAgentRunner

CALLS = object()
NOW = 12.5


class _Runner:
    """Lends what a step lends, and counts the steps that came to their end."""

    def __init__(self) -> None:
        self.completed = 0

    @contextmanager
    def step(self) -> Iterator[tuple[Any, float]]:
        yield SimpleNamespace(calls=CALLS), NOW
        self.completed += 1


def _context(runner: _Runner) -> CallContext:
    return CallContext(cast(UserAgentRunner, runner), lambda _: None, lambda _: None, lambda: "")


def _raising(error: Exception) -> Callable[[object, float], None]:
    def action(_calls: object, _now: float) -> None:
        raise error

    return action


def test_the_action_is_given_the_calls_and_the_time() -> None:
    runner, given = _Runner(), list[tuple[object, float]]()
    assert _context(runner).act(lambda calls, now: given.append((calls, now)))
    assert given == [(CALLS, NOW)]
    assert runner.completed == 1


@pytest.mark.parametrize("refusal", [NoSuchCall("gone"), OutOfTurn("not our turn")])
def test_a_call_that_has_moved_on_gives_false_and_the_step_is_completed(
    refusal: Exception,
) -> None:
    runner = _Runner()
    assert not _context(runner).act(_raising(refusal))
    assert runner.completed == 1


def test_another_error_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        _context(_Runner()).act(_raising(ZeroDivisionError()))
