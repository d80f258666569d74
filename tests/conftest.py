"""What all tests need of the process that they run in."""

import signal
import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from sipcli.log import LOGGER
from tests.event_loop import run_test

# A shell starts what runs in its background deaf to SIGINT, nohup deaf to SIGHUP, and programs
# inherit that: those that the tests start and interrupt would never hear of it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A limit of 200 ms an example says how busy the machine is. What hangs meets pytest's timeout.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run asynchronous tests (tests/event_loop.py)."""
    return True if run_test(pyfuncitem) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Leave the log as it was: a test that sets it up may write it to a stream of its own."""
    handlers, level, propagate = LOGGER.handlers[:], LOGGER.level, LOGGER.propagate
    try:
        return (yield)
    finally:
        for handler in LOGGER.handlers:
            if handler not in handlers:
                handler.close()
        LOGGER.handlers[:], LOGGER.propagate = handlers, propagate
        LOGGER.setLevel(level)
