"""`sipcli` as a process: signals, pipes, terminals."""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from tests.cli.program import account
from tests.sip_server import Behaviour, in_a_thread
from tests.waiting import until

PROGRAM = [sys.executable, "-m", "sipcli"]
LIMIT = 20
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
"""Written when a line begins to be drawn over and over, and when that ends."""


@pytest.fixture(autouse=True)
def _hangups_count() -> Iterator[None]:
    """Under `nohup` they are ignored, and would be so by all that is started here."""
    before = signal.signal(signal.SIGHUP, lambda _number, _frame: None)
    yield
    signal.signal(signal.SIGHUP, before)


@contextmanager
def started(
    *arguments: str, program: Sequence[str] = PROGRAM, **changes: Any
) -> Iterator[subprocess.Popen[str]]:
    """`sipcli` with pipes; it is gone when this ends."""
    usual: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    with subprocess.Popen([*program, *arguments], text=True, **usual | changes) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(stream: IO[str] | None, kind: str) -> list[dict[str, Any]]:
    """Events up to the first of that kind."""
    assert stream is not None
    events = []
    for line in stream:
        events.append(json.loads(line))
        if events[-1]["event"] == kind:
            return events
    raise AssertionError(f"no {kind} among {events}")


def rest(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, _ = process.communicate(timeout=LIMIT)
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_unregisters_and_ends(number: signal.Signals) -> None:
    with in_a_thread() as server, started("register", "--json", *account(server)) as process:
        read_until(process.stdout, "registered")
        process.send_signal(number)
        events = rest(process)
        assert process.returncode == 0
    assert [event["event"] for event in events] == ["unregistered", "finished"]
    assert events[-1]["exit_code"] == 0
    assert server.requests("REGISTER")[-1].contacts[0].params.get("expires") == "0"


def test_a_signal_before_the_outcome_is_exit_130() -> None:
    behaviour = Behaviour(silent=frozenset({"REGISTER"}))
    for command in (["register"], ["ping", "bob"]):
        with in_a_thread(behaviour) as server:
            with started(*command, "--json", *account(server)) as process:
                read_until(process.stdout, "connected")
                process.send_signal(signal.SIGINT)
                events = rest(process)  # within `LIMIT`: a REGISTER itself is given up after 32 s
                assert process.returncode == 130
            assert events[-1] | {"time": 0, "reason": ""} == {
                "time": 0,
                "event": "finished",
                "exit_code": 130,
                "reason": "",
            }


def test_the_second_signal_ends_at_once() -> None:
    """Even where the first would take much longer than is waited for the end here."""
    behaviour = Behaviour(silent=frozenset({"UNREGISTER"}))
    patient = (
        f"from sipcli.phone import runner; runner.UNREGISTER_TIMEOUT_S = {5 * LIMIT};"
        "from sipcli.start import entry; entry()"
    )
    program = [sys.executable, "-c", patient]
    with in_a_thread(behaviour) as server:
        with started("register", "--json", *account(server), program=program) as process:
            read_until(process.stdout, "registered")
            process.send_signal(signal.SIGINT)
            while len(server.requests("REGISTER")) != 2:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            events = rest(process)
            assert process.returncode == 130
        assert events[-1]["event"] == "finished"
        assert events[-1]["exit_code"] == 130


def test_the_second_signal_ends_it_even_while_nobody_reads_what_it_writes() -> None:
    with in_a_thread() as server:
        pings = ["ping", "bob", "--count", "9999", "--interval", "0", "--json"]
        with started(*pings, *account(server)) as process:
            assert process.stdout is not None
            pipe = process.stdout.fileno()
            until(lambda: _is_stuck(pipe), timeout=LIMIT)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)  # two signals at the same moment may come as one
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 130


def test_a_signal_while_standard_input_is_read_is_exit_130() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"the beginning")
    with started("message", "bob", "-", "--json", stdin=reading) as process:
        until(lambda: _unread(reading) == 0, timeout=LIMIT)
        process.send_signal(signal.SIGINT)
        events = rest(process)
        assert process.returncode == 130
    os.close(reading)
    os.close(writing)
    assert events[-1]["event"] == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_password_is_fetched_leaves_nothing_behind(
    number: signal.Signals, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    account_ = ["--uri", "sip:alice@example.com", "--ws-servers", "ws://127.0.0.1:1"]
    fetch = f"echo >{told}; sleep 30"
    with started("register", "--json", *account_, "--password-command", fetch) as process:
        until(told.exists, timeout=LIMIT)
        time.sleep(0.3)  # so that sipcli knows, too, that it has begun
        process.send_signal(number)
        events = rest(process)  # which waits for all that can write to stderr
        assert process.returncode == 130
    assert events[-1]["event"] == "finished"


def _is_stuck(pipe: int) -> bool:
    """Whether a pipe is full, or as full as its writer can make it."""
    before = _unread(pipe)
    time.sleep(0.3)
    return before > 60_000 and _unread(pipe) == before


def _unread(pipe: int) -> int:
    """How many bytes nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.parametrize("json_", [True, False])
def test_a_reader_that_goes_is_no_reason_to_fail(json_: bool) -> None:
    flags = ["--json"] if json_ else []
    with in_a_thread() as server:
        command = ["ping", "bob", "--count", "3", "--interval", "0", *flags, *account(server)]
        with started(*command) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == ""
            assert process.wait(LIMIT) == 0
        assert len(server.requests("OPTIONS")) == 3


@pytest.mark.parametrize(
    "command", [["register", "--once"], ["ping", "bob"], ["message", "bob", "x"]]
)
def test_without_any_standard_input_all_is_well(command: list[str]) -> None:
    with in_a_thread() as server:
        words = " ".join([*PROGRAM, *command, *account(server)])
        ended = subprocess.run(["sh", "-c", f"{words} <&-"], capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")


def test_without_standard_input_a_missing_password_is_still_exit_4() -> None:
    with in_a_thread(Behaviour(password="secret")) as server:
        words = " ".join([*PROGRAM, "register", "--once", *account(server)])
        ended = subprocess.run(["sh", "-c", f"{words} <&-"], capture_output=True, text=True)
    assert ended.returncode == 4
    assert "password" in ended.stderr


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.shown = ""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.environ.update({"TERM": "xterm", "COLUMNS": "100", **environment})
            os.execv(PROGRAM[0], [*PROGRAM, *arguments])

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + LIMIT
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            assert self._read(), f"it ended: {self.shown}"

    def end(self) -> int:
        while self._read():
            pass
        return self.close()

    def close(self) -> int:
        os.close(self._terminal)
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], LIMIT)
        assert ready, self.shown
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # EIO: the other end is closed
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


def test_a_missing_password_is_asked_for_on_a_terminal_and_not_shown() -> None:
    with in_a_thread(Behaviour(password="s3same")) as server:
        terminal = Terminal("register", "--once", *account(server))
        terminal.wait_for("Password for alice:")
        before, _, _ = terminal.shown.partition("Password for alice:")
        assert (
            before.count(HIDE_CURSOR) == before.count(SHOW_CURSOR) == 1
        )  # no line is drawn over it
        terminal.type("s3same\n")
        assert terminal.end() == 0
        assert terminal.shown.count(HIDE_CURSOR) == terminal.shown.count(SHOW_CURSOR) == 2
    assert "registered sip:alice@example.com" in terminal.shown
    assert "s3same" not in terminal.shown


def test_ctrl_c_at_the_password_is_exit_130() -> None:
    with in_a_thread(Behaviour(password="s3same")) as server:
        terminal = Terminal("register", "--once", *account(server))
        terminal.wait_for("Password for alice:")
        terminal.type("\x03")
        assert terminal.end() == 130
    assert "Traceback" not in terminal.shown


def test_a_terminal_shows_how_things_stand_and_what_is_waited_for() -> None:
    with in_a_thread() as server:
        terminal = Terminal("register", *account(server))
        terminal.wait_for("● registered · renewal due within")
        terminal.wait_for("sip:alice@example.com through")
        terminal.type("\x03")
        assert terminal.end() == 0
    assert "unregistered" in terminal.shown


def test_a_terminal_shows_the_countdown_to_the_next_try() -> None:
    with in_a_thread() as server:
        uri = server.uri
    terminal = Terminal("register", "--uri", "sip:a@example.com", "--ws-servers", uri)
    terminal.wait_for("next try in 0:0")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "TCP" in terminal.shown


def test_no_colour_means_none() -> None:
    def colours(*flags: str, **environment: str) -> bool:
        with in_a_thread() as server:
            terminal = Terminal("ping", "bob", *account(server), *flags, **environment)
            assert terminal.end() == 0
        return "\x1b[32m" in terminal.shown

    assert colours()
    assert not colours("--no-color")
    assert not colours(NO_COLOR="1")


def test_a_terminal_that_is_closed_ends_it_in_good_order() -> None:
    with in_a_thread() as server:
        terminal = Terminal("register", *account(server))
        terminal.wait_for("● registered")
        assert terminal.close() == 0
    assert server.requests("REGISTER")[-1].contacts[0].params.get("expires") == "0"


def test_a_registrar_that_does_not_confirm_the_end_is_told() -> None:
    with (
        in_a_thread(Behaviour(silent=frozenset({"UNREGISTER"}))) as server,
        started("register", "--json", *account(server)) as process,
    ):
        read_until(process.stdout, "registered")
        process.send_signal(signal.SIGTERM)
        warning, finished = rest(process)
        assert (warning["event"], finished["exit_code"]) == ("warning", 0)
        assert "did not confirm in time that we ended" in warning["text"]


def test_further_hangups_do_not_hurry_it() -> None:
    behaviour = Behaviour(silent=frozenset({"UNREGISTER"}))
    with (
        in_a_thread(behaviour) as server,
        started("register", "--json", *account(server)) as process,
    ):
        read_until(process.stdout, "registered")
        process.send_signal(signal.SIGHUP)
        until(lambda: len(server.requests("REGISTER")) == 2, timeout=LIMIT)
        process.send_signal(signal.SIGHUP)
        assert rest(process)[-1]["event"] == "finished"
        assert process.returncode == 0


def test_an_ignored_hangup_is_ignored() -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with (
        in_a_thread() as server,
        started("register", "--json", *account(server), preexec_fn=ignore) as process,
    ):
        read_until(process.stdout, "registered")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)  # a signal that is heeded would have had its effect by then
        assert len(server.requests("REGISTER")) == 1


def test_on_ctrl_c_a_call_is_over_before_we_are_unregistered() -> None:
    sound = ("--audio-in", "tone:440", "--audio-out", "null")
    with started("call", "--sandbox", "echo", *sound, "--json") as process:
        read_until(process.stdout, "media")
        process.send_signal(signal.SIGINT)
        events = rest(process)
        assert process.returncode == 0
    order = [event["event"] for event in events if event["event"] in ("ended", "unregistered")]
    assert order == ["ended", "unregistered"]


def test_on_ctrl_c_a_call_that_rings_is_over_before_we_are_unregistered() -> None:
    sound = ("--audio-in", "silence", "--audio-out", "null")
    with started("call", "--sandbox", "ring", *sound, "--json") as process:
        read_until(process.stdout, "progress")
        process.send_signal(signal.SIGINT)
        events = rest(process)
        assert process.returncode == 130
    order = [event["event"] for event in events if event["event"] in ("ended", "unregistered")]
    assert order == ["ended", "unregistered"]
