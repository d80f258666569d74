"""What the tests start ends with the tests."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.realpeer.child_processes import LeashedProcess

FAMILY = ["sh", "-c", "sleep 50 & sleep 50"]

TESTS = f"""
import signal, subprocess, sys
from tests.realpeer.child_processes import LeashedProcess
nowhere = subprocess.DEVNULL
leashed = LeashedProcess({FAMILY!r}, stdout=nowhere, stderr=nowhere)
leashed.signal_group(signal.Signals[sys.argv[1]])
print(leashed.process.pid, flush=True)
signal.pause()
"""


def test_kill_ends_the_grandchildren_too() -> None:
    leashed = LeashedProcess(FAMILY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    group = leashed.process.pid
    assert leashed.is_running()
    assert leashed.kill() == -signal.SIGKILL
    assert not leashed.is_running()
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


@pytest.mark.parametrize("last_signal", ["SIGCONT", "SIGSTOP"])
def test_killed_tests_take_what_they_started_with_them(last_signal: str) -> None:
    """SIGKILL leaves them no chance to clean up; a frozen child has none to notice."""
    tests = LeashedProcess(
        [sys.executable, "-c", TESTS, last_signal],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert tests.process.stdout is not None
    with tests.process.stdout as output:
        group = int(output.readline())
    os.killpg(group, 0)
    tests.kill()
    # Its orphans are ours now; if nobody ended them, this waits until the test's time is up.
    with suppress(ChildProcessError):
        while True:
            _, status = os.waitpid(-group, 0)
            assert os.WTERMSIG(status) == signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
