"""sipcli run as a user runs it: a process, its arguments, its events, a signal, its exit code."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from tests.realpeer.child_processes import LeashedProcess

Event = dict[str, Any]
"""One line of `sipcli --json`."""

PROGRAM: Final = (sys.executable, "-m", "sipcli")
_END: Final = ""


class UnexpectedOutcome(AssertionError):  # noqa: N818 - it is a failed assertion
    """sipcli did not do what the test waited for; the text shows all it did."""


class SipcliProcess:
    """A running `python -m sipcli ... --json`; leave its `with` block and it is gone.

    Its configuration and state are under `home`, and it has nothing of the tests' environment
    but the way to programs. `stdin` is all it can read there.
    """

    def __init__(
        self,
        *arguments: str,
        home: Path,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        program: Sequence[str] = PROGRAM,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.arguments = arguments
        self.events: list[Event] = []
        """All events so far, in order."""
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._ended = False
        with tempfile.TemporaryFile() as given:
            given.write(stdin.encode())
            given.seek(0)
            self._leashed = LeashedProcess(
                [*program, *arguments, "--json"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=given,
                env=environment_of(home) | dict(environment or {}),
                cwd=home,
            )
        self._readers = [
            threading.Thread(target=_read, args=(self._leashed.process.stdout, self._lines.put)),
            threading.Thread(
                target=_read, args=(self._leashed.process.stderr, self._errors.append)
            ),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leashed.kill()
        self._close()

    @property
    def stderr(self) -> str:
        """What it has written to standard error so far."""
        return "".join(self._errors)

    def wait_for(self, event: str, *, timeout: float = 10.0, **fields: object) -> Event:
        """The next event of this name that has these fields.

        Next: after the last one that was waited for. Raises `UnexpectedOutcome` when none comes
        within `timeout` seconds, or sipcli ends without it.
        """
        deadline = time.monotonic() + timeout
        wanted = {"event": event, **fields}
        while (seen := self._next(deadline)) is not None:
            if wanted.items() <= seen.items():
                return seen
        raise self._failure(f"no {wanted} within {timeout} s")

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, as the terminal or `kill` would."""
        self._leashed.process.send_signal(number)

    def wait(self, timeout: float = 10.0) -> int:
        """Read events to the end and return the exit code.

        Raises `UnexpectedOutcome` when it still runs after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while self._next(deadline) is not None:
            pass
        try:
            status = self._leashed.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise self._failure(f"still running after {timeout} s") from None
        for reader in self._readers:
            reader.join(1)
        return status

    def named(self, event: str) -> list[Event]:
        """All events of this name so far."""
        return [seen for seen in self.events if seen["event"] == event]

    def _next(self, deadline: float) -> Event | None:
        """The next event, or none by the deadline or because the output ended."""
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        if line == _END:
            self._ended = True
            self._lines.put(_END)
            return None
        try:
            event: Event = json.loads(line)
        except ValueError:
            raise self._failure(f"not an event on standard output: {line!r}") from None
        self.events.append(event)
        return event

    def _failure(self, reason: str) -> UnexpectedOutcome:
        shown = "\n".join(json.dumps(event, ensure_ascii=False) for event in self.events)
        state = "ended" if self._ended else "running"
        return UnexpectedOutcome(
            f"sipcli {' '.join(self.arguments)}: {reason} ({state})\n"
            f"--- events\n{shown}\n--- standard error\n{self.stderr}"
        )

    def _close(self) -> None:
        for reader in self._readers:
            reader.join()
        for stream in (self._leashed.process.stdout, self._leashed.process.stderr):
            assert stream is not None
            stream.close()


class User:
    """Someone with an account, a home folder and sipcli."""

    def __init__(self, home: Path, **keys: object) -> None:
        self.home = home
        self.keys = keys
        """What stands in the user's configuration file; see `configure`."""
        self._processes = ExitStack()
        self.configure()

    def configure(self, **keys: object) -> None:
        """Write the configuration file anew, with these keys changed or added."""
        self.keys |= keys
        path = self.home / "config" / "sipcli" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{key} = {_toml(value)}\n" for key, value in self.keys.items()]
        path.write_text("".join(lines), "utf-8")
        path.chmod(0o600)

    def sipcli(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        program: Sequence[str] = PROGRAM,
    ) -> SipcliProcess:
        """Start sipcli as this user; it ends with `close` at the latest."""
        process = SipcliProcess(
            *arguments, home=self.home, environment=environment, stdin=stdin, program=program
        )
        return self._processes.enter_context(process)

    def close(self) -> None:
        """Kill what still runs."""
        self._processes.close()


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def environment_of(home: Path) -> dict[str, str]:
    """What a user's shell would give sipcli, with its own home and nothing that configures it."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
    }


def _read(stream: IO[bytes] | None, put: Callable[[str], object]) -> None:
    """Hand over every line as it comes, and `_END` after the last."""
    assert stream is not None
    for line in stream:
        put(line.decode("utf-8", "backslashreplace"))
    put(_END)
