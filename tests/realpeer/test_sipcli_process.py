"""The tests' view of a running sipcli, with a few lines of Python in its place."""

import signal
import sys
from pathlib import Path

import pytest

from tests.realpeer.sipcli_process import SipcliProcess, UnexpectedOutcome, User

PEER = """
import json, os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print(json.dumps({"event": "started", "arguments": sys.argv[1:]}), flush=True)
print(json.dumps({"event": "environment", **os.environ}), flush=True)
print(json.dumps({"event": "message", "text": sys.stdin.read()}), flush=True)
print("to whom it may concern", file=sys.stderr, flush=True)
signal.sigwait([signal.SIGINT])
print(json.dumps({"event": "finished", "exit_code": 7}), flush=True)
sys.exit(7)
"""


def peer(home: Path, program: str = PEER, stdin: str = "") -> SipcliProcess:
    return SipcliProcess("ping", home=home, stdin=stdin, program=[sys.executable, "-c", program])


def test_events_come_in_order_and_by_their_fields(tmp_path: Path) -> None:
    with peer(tmp_path, stdin="höre") as process:
        assert process.wait_for("started")["arguments"] == ["ping", "--json"]
        assert process.wait_for("message", text="höre")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 7
        assert process.named("finished") == [{"event": "finished", "exit_code": 7}]
        assert [event["event"] for event in process.events][:2] == ["started", "environment"]
        assert process.stderr == "to whom it may concern\n"


def test_an_event_with_other_fields_is_not_the_one(tmp_path: Path) -> None:
    with peer(tmp_path, stdin="one") as process:
        process.wait_for("started")
        with pytest.raises(UnexpectedOutcome, match="running"):
            process.wait_for("message", text="another", timeout=2)
        process.send_signal(signal.SIGINT)
        with pytest.raises(UnexpectedOutcome, match="ended"):
            process.wait_for("registered")


def test_it_is_not_waited_for_longer_than_asked(tmp_path: Path) -> None:
    with peer(tmp_path) as process, pytest.raises(UnexpectedOutcome, match="still running"):
        process.wait(0.5)


def test_a_line_that_is_no_event_is_a_failure(tmp_path: Path) -> None:
    with peer(tmp_path, "print('hello')") as process:  # noqa: SIM117 - the wait is what fails
        with pytest.raises(UnexpectedOutcome, match="not an event"):
            process.wait()


def test_nothing_of_the_tests_environment_configures_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPCLI_PROFILE", "mine")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    with peer(tmp_path) as process:
        environment = process.wait_for("environment")
    assert environment["HOME"] == str(tmp_path)
    assert not {"SIPCLI_PROFILE", "HTTPS_PROXY"} & environment.keys()


def test_a_user_has_a_configuration_file(tmp_path: Path) -> None:
    servers = [{"ws_uri": "ws://127.0.0.1", "weight": 2}, "ws://localhost"]
    user = User(tmp_path, ws_servers=servers, register=False)
    user.configure(register_expires=60)
    path = tmp_path / "config" / "sipcli" / "config.toml"
    assert path.read_text("utf-8") == (
        'ws_servers = [{ws_uri = "ws://127.0.0.1", weight = 2}, "ws://localhost"]\n'
        "register = false\n"
        "register_expires = 60\n"
    )
    assert path.stat().st_mode & 0o077 == 0
