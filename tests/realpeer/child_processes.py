"""Child processes that end with the test run, however the test run ends."""

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_WATCHDOG = 'read -r group; read -r _; kill -s KILL -- "-$group"'
"""Waits on its input for its group, then for the end of the tests: the pipe closes whoever dies."""

_PR_SET_CHILD_SUBREAPER = 36


def _adopt_orphans() -> None:
    """Make this process the one that inherits what its children leave behind (prctl(2), Linux).

    Who is its parent can wait for it, and so know that it is gone: ports and all.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class LeashedProcess:
    """A program in a process group of its own, which a watchdog kills when the tests are gone.

    The watchdog is a shell outside that group, so it works for a frozen group and after a
    SIGKILL of the test run too.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdout: int | IO[bytes],
        stderr: int | IO[bytes],
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        _adopt_orphans()
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG], stdin=subprocess.PIPE, start_new_session=True
        )
        self.process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(b"%d\n" % self.process.pid)
        self._watchdog.stdin.flush()

    def is_running(self) -> bool:
        """Whether the program has not ended yet."""
        return self.process.poll() is None

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the program and everything it started; nothing if all are gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> int:
        """End the whole group at once; returns the program's exit status when all are gone."""
        self.signal_group(signal.SIGKILL)
        status = self.process.wait()
        with suppress(ChildProcessError):
            while True:
                os.waitpid(-self.process.pid, 0)
        # Last: as long as the watchdog runs, it must be right about whose group that is.
        self._watchdog.kill()
        self._watchdog.wait()
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.close()
        return status


def free_port() -> int:
    """A port of 127.0.0.1 that nothing has, neither with TCP nor with UDP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            with suppress(OSError):
                datagram.bind(stream.getsockname())
                return int(stream.getsockname()[1])
