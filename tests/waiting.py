"""Waiting for what another process or thread does, with a limit."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], *, timeout: float = 10.0) -> None:
    """Return as soon as the condition holds; `AssertionError` when it does not in `timeout` s."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.02)
