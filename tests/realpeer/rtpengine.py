"""A real rtpengine on loopback, which translates between WebRTC and plain RTP."""

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.realpeer.child_processes import LeashedProcess, free_port

INSTALL: Final = (
    "rtpengine is not installed; on Debian: `make peers`, as root or with sudo, or install "
    "rtpengine-daemon"
)
_START_LIMIT: Final = 10.0
_FIRST_PORT, _LAST_PORT = 45_000, 45_999


class RtpengineError(Exception):
    """rtpengine did not do what a test needs it to; the text has the end of its log."""


def program() -> str | None:
    """Where rtpengine is; None where it is not installed."""
    return shutil.which("rtpengine")


class Rtpengine:
    """One media relay in user space (no kernel module), which takes orders at `port`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="rtpengine-"))
        self._log_file = self._folder / "log"
        self._leashed: LeashedProcess | None = None

    @property
    def log(self) -> str:
        """All it has written."""
        return self._log_file.read_text("utf-8", "replace") if self._log_file.exists() else ""

    def start(self) -> None:
        """Start it and wait until it answers; raises `RtpengineError` when it does not in 10 s."""
        command = [str(program()), "--config-file=none", "--foreground", "--log-stderr"]
        command += ["--table=-1", "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{self.port}"]
        command += [f"--port-min={_FIRST_PORT}", f"--port-max={_LAST_PORT}", "--log-level=5"]
        # A certificate that clients without RSA suites can use, too.
        command += ["--dtls-cert-cipher=prime256v1", "--num-threads=2"]
        with self._log_file.open("ab") as log:
            self._leashed = LeashedProcess(command, stdout=log, stderr=log, cwd=self._folder)
        deadline = time.monotonic() + _START_LIMIT
        while not self._answers():
            if not self._leashed.is_running() or time.monotonic() > deadline:
                self._leashed.kill()
                raise RtpengineError(f"rtpengine did not start:\n{self.log[-4000:]}")

    def close(self) -> None:
        """Stop it and remove its files."""
        if self._leashed is not None:
            self._leashed.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._leashed.process.wait(3)
            self._leashed.kill()
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        """Whether it answers a ping of its control protocol (bencoding after a cookie)."""
        with socket.socket(type=socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.1)
            asking.sendto(b"1 d7:command4:pinge", ("127.0.0.1", self.port))
            try:
                return b"pong" in asking.recv(1500)
            except OSError:
                time.sleep(0.02)
                return False
