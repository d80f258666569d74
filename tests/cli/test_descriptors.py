"""A process with too few file descriptors says so, soon, and what to do."""

import os
import socket
import subprocess
import sys

import pytest

from sipcli.cli import main
from sipcli.errors import DESCRIPTORS_HINT, is_out_of_descriptors
from sipcli.net import tcp
from sipcli.net.dns import SocketAddress

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX's")

OUT = OSError(24, "Too many open files")


@pytest.mark.parametrize("limit", [12, 20])
def test_a_sandbox_that_runs_out_says_so(limit: int) -> None:
    command = [sys.executable, "-m", "sipcli", "call", "--sandbox", "echo", "--duration", "1"]
    limited = ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *command]
    done = subprocess.run(
        limited, capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL, timeout=50
    )
    assert done.returncode == 3
    assert "this process has too few file descriptors" in done.stderr
    assert DESCRIPTORS_HINT in done.stderr
    assert "loopback" not in done.stderr  # which is said after a start that takes too long
    assert "Traceback" not in done.stderr


def test_a_server_is_not_to_blame() -> None:
    failures: list[tuple[SocketAddress, OSError]] = [
        (SocketAddress(socket.AF_INET, ("192.0.2.1", 5060)), OUT)
    ]
    sentence = str(tcp.explain(tcp.Unreachable(failures)))
    assert sentence.endswith(f"Too many open files: {DESCRIPTORS_HINT}")


@pytest.mark.parametrize(
    "error", [OUT, ImportError("libx.so: cannot open shared object file: Too many open files")]
)
def test_a_module_that_cannot_be_loaded_is_no_bug(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: str) -> object:
        raise error

    monkeypatch.setattr(main, "import_module", fail)
    assert main.run(["ping", "bob"]) == 1
    told = capsys.readouterr().err
    assert DESCRIPTORS_HINT in told
    assert "bug" not in told


def test_it_is_found_behind_another_error() -> None:
    error = RuntimeError("no call")
    error.__cause__ = OUT
    assert is_out_of_descriptors(error)
    assert not is_out_of_descriptors(OSError(2, os.strerror(2)))
    assert not is_out_of_descriptors(None)
