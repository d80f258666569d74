"""What `make soak` does with 200 calls, with a few: that it passes, and that it can fail."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=50
    )


def test_calls_in_one_process_leave_no_task_and_no_file() -> None:
    done = soak("scripts/soak_calls.py", "8", "0.2")
    assert done.returncode == 0, done.stderr
    assert "8 calls of 0.2 s in one process: tasks and files flat" in done.stdout


def test_a_call_that_leaves_its_sockets_open_is_found() -> None:
    spoilt = """
import runpy, sys
from sipcli.media.transport import media_transport

async def close(self):
    kept.append(self)

kept = []
media_transport.MediaTransport.close = close
sys.argv = ["soak_calls.py", "5", "0.1"]
runpy.run_path("scripts/soak_calls.py", run_name="__main__")
"""
    done = soak("-c", spoilt)
    assert done.returncode == 1
    assert "call 4: Count(tasks=" in done.stderr
