"""Scripts on stdin, given to the program as a shell gives them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from tests.cli.test_process import Terminal

CALL: Final = ("call", "--sandbox", "--audio-out", "null", "--json", "--stdin")
TONE: Final = ("echo", "--audio-in", "tone:440")
PATIENCE: Final = 30.0
"""Seconds after which a command is said to hang."""

Event = dict[str, Any]


@contextmanager
def started(
    *arguments: str, folder: Path, stdin: int = subprocess.PIPE
) -> Iterator["subprocess.Popen[str]"]:
    """A command with nothing of our own settings; it is gone in the end."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    with subprocess.Popen(
        [sys.executable, "-m", "sipcli", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def events_of(out: str) -> list[Event]:
    return [json.loads(line) for line in out.splitlines()]


def obeyed(script: str | bytes, *arguments: str, folder: Path) -> tuple[int, list[Event]]:
    """The exit code and the events of a call that a piped script leads."""
    text = script if isinstance(script, str) else script.decode("utf-8", "surrogateescape")
    with started(*CALL, *arguments, folder=folder) as process:
        assert process.stdin is not None
        process.stdin.reconfigure(errors="surrogateescape")  # type: ignore[attr-defined]
        out, _ = process.communicate(text, timeout=PATIENCE)
        return process.returncode, events_of(out)


def named(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def finish(events: list[Event]) -> str:
    assert events[-1]["event"] == "finished"
    return str(events[-1]["reason"])


def test_a_script_leads_a_call(tmp_path: Path) -> None:
    script = "wait answered\n\n# digits\ndtmf 79\nsleep 1.3\nexpect tone 440\nhangup\n"
    code, events = obeyed(script, *TONE, folder=tmp_path)
    assert code == 0, events
    sent = [event for event in named(events, "dtmf") if event["direction"] == "sent"]
    assert [(event["digit"], event["method"]) for event in sent] == [("7", "rtp"), ("9", "rtp")]
    (verdict,) = named(events, "expectation")
    assert (verdict["name"], verdict["met"], verdict["line"]) == ("expect-tone", True, 6)
    assert named(events, "ended")[0]["by"] == "local"


def test_digits_come_back_and_can_be_waited_for(tmp_path: Path) -> None:
    script = "wait media\ndtmf 42#\nwait dtmf 9\nwait dtmf 9\nwait dtmf 9\nexpect dtmf 42#\nhangup"
    code, events = obeyed(script, "dtmf", "--audio-in", "silence", folder=tmp_path)
    assert code == 0, events


def test_hold_is_agreed_before_the_next_line(tmp_path: Path) -> None:
    script = "wait media\nhold\nresume\nmute\nunmute\nstats\nhangup\n"
    code, events = obeyed(script, *TONE, folder=tmp_path)
    assert code == 0, events
    order = [event["event"] for event in events if event["event"] in ("held", "resumed", "stats")]
    assert order == ["held", "resumed", "stats"]


def test_what_is_not_met_is_exit_8_with_its_line_and_a_test_case(tmp_path: Path) -> None:
    script = "wait media\nexpect dtmf 5\nsleep 0.1\nhangup\n"
    code, events = obeyed(script, *TONE, "--junit", "out.xml", folder=tmp_path)
    assert code == 8
    assert "line 2: expect-dtmf" in finish(events)
    assert named(events, "ended")[0]["by"] == "local"
    suite = ElementTree.parse(tmp_path / "out.xml").getroot()
    (case,) = suite.iter("testcase")
    assert case.get("name") == "expect-dtmf (line 2)"
    assert case.find("failure") is not None


def test_an_event_that_does_not_come_is_exit_8_within_its_time(tmp_path: Path) -> None:
    code, events = obeyed("wait media\nwait dtmf 0.3\nsleep 20\n", *TONE, folder=tmp_path)
    assert code == 8
    (verdict,) = named(events, "expectation")
    assert (verdict["name"], verdict["met"], verdict["line"]) == ("wait", False, 2)
    assert verdict["expected"] == "dtmf within 0.3 s"
    assert len(named(events, "ended")) == 1


def test_an_event_counts_once(tmp_path: Path) -> None:
    code, events = obeyed("wait answered\nwait answered 0.2\n", *TONE, folder=tmp_path)
    assert code == 8
    assert named(events, "expectation")[0]["line"] == 2


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("frobnicate\n", "line 1: unknown command 'frobnicate'; expected a key or one of answer"),
        ("frobnicate\n", "hangup, sleep, wait, expect"),
        ("wait answered\ndtmf 4x\n", "line 2: 'x'"),
        ("sleep long\n", "line 1: 'long' is not a time"),
        ("wait moon\n", "line 1: cannot wait for 'moon'"),
        ("expect peace\n", "line 1: expect peace"),
        ("wait incoming\n", "line 1: wait incoming can never be met: only `listen` takes calls"),
        ("expect mos 5\n", "line 1: expect mos 5 can never be met: the best that the E-model"),
        ("reject 200\n", "line 1: reject takes a status"),
        (b"wait answered\n\xff\xfe\n", "line 2: it is not UTF-8"),
        ("hangup" + "p" * 2000 + "\n", "line 1: it is longer than 1024 bytes"),
        ("\x1b[31mred\n", "line 1: "),
    ],
)
def test_what_means_nothing_is_exit_2_and_names_its_line(
    script: str | bytes, complaint: str, tmp_path: Path
) -> None:
    code, events = obeyed(script, *TONE, folder=tmp_path)
    assert code == 2, events
    assert complaint in finish(events)
    assert "\x1b" not in finish(events)
    assert len(named(events, "calling")) == len(named(events, "ended"))


def test_a_mistake_in_a_file_is_told_before_there_is_a_call(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("wait answered\nhangup now\n")
    with (
        (tmp_path / "script").open() as file,
        started(*CALL, *TONE, folder=tmp_path, stdin=file.fileno()) as process,
    ):
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert named(events_of(out), "calling") == []
    assert "stdin, line 2: hangup takes no argument" in finish(events_of(out))


def test_the_end_of_the_script_hangs_up(tmp_path: Path) -> None:
    with started(*CALL, *TONE, folder=tmp_path, stdin=subprocess.DEVNULL) as process:
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert named(events_of(out), "ended")[0]["by"] == "local"


def test_with_a_duration_the_end_of_the_script_is_not_the_end(tmp_path: Path) -> None:
    code, events = obeyed("wait answered\n", *TONE, "--duration", "1", folder=tmp_path)
    assert code == 0
    assert named(events, "ended")[0]["duration_s"] >= 0.9


def test_a_closed_stdin_is_an_empty_script(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sipcli", *CALL, *TONE, "--duration", "0.3"]
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stdout
    assert ended.stderr == ""


def test_an_open_pipe_keeps_nobody_from_leaving(tmp_path: Path) -> None:
    with started(*CALL, "decline", folder=tmp_path) as process:
        assert process.stdout is not None
        out = process.stdout.read()  # the pipe is open, and nothing comes
        assert process.wait(PATIENCE) == 5
    assert "answer" in finish(events_of(out))


def test_a_line_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    with started(*CALL, "ring", folder=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("x" * 2000)
        process.stdin.flush()  # the pipe stays open
        last = [json.loads(line) for line in process.stdout][-1]
        assert process.wait(PATIENCE) == 2
    assert "line 1: it is longer than 1024 bytes" in last["reason"]


def test_a_slow_pipe_is_obeyed_line_by_line(tmp_path: Path) -> None:
    with started(*CALL, *TONE, folder=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in ("wait med", "ia\ndtmf 1", "\n", "hangup"):
            process.stdin.write(line)
            process.stdin.flush()
            time.sleep(0.1)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert [e["digit"] for e in named(events_of(out), "dtmf") if e["direction"] == "sent"] == ["1"]


def test_a_signal_ends_what_waits(tmp_path: Path) -> None:
    with started(*CALL, *TONE, folder=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("wait dtmf 500\n")
        process.stdin.flush()
        for line in process.stdout:
            if json.loads(line)["event"] == "media":
                break
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        assert process.wait(PATIENCE) == 130
    assert named(events_of(out), "ended")[0]["by"] == "local"


def test_stdin_cannot_be_sound_and_script(tmp_path: Path) -> None:
    with started(*CALL, "echo", "--audio-in", "-", folder=tmp_path) as process:
        out, _ = process.communicate("hangup\n", timeout=PATIENCE)
    assert process.returncode == 2
    assert "--audio-in -" in finish(events_of(out))


def test_two_scripts_talk_to_each_other(tmp_path: Path) -> None:
    with started("sandbox", "--json", folder=tmp_path) as server:
        assert server.stdout is not None
        server.stdout.readline()
        call_session = json.loads(server.stdout.readline())
        for account in call_session["accounts"]:
            name = account["uri"].removeprefix("sip:").partition("@")[0]
            (tmp_path / f"{name}.toml").write_text(
                f'uri = "{account["uri"]}"\npassword = "{account["password"]}"\n'
                f'ws_servers = "{call_session["server"]}"\nstun_servers = []\n'
            )
            (tmp_path / f"{name}.toml").chmod(0o600)
        first, second = sorted(path.stem for path in tmp_path.glob("*.toml"))
        sound = ("--audio-in", "silence", "--audio-out", "null", "--json", "--stdin")
        with started("listen", "--config", f"{second}.toml", *sound, folder=tmp_path) as callee:
            assert callee.stdin is not None
            assert callee.stdout is not None
            # To hold says that the digit is sent to its end: who is slow to send it may be heard,
            # and hung up on, in the middle of it.
            callee.stdin.write(
                "wait incoming\nanswer\nwait dtmf 20\nexpect dtmf 5\nwait held 20\nhangup\n"
            )
            callee.stdin.close()
            for line in callee.stdout:
                if json.loads(line)["event"] == "registered":
                    break
            arguments = ("call", second, "--config", f"{first}.toml", *sound)
            with started(*arguments, folder=tmp_path) as caller:
                out, _ = caller.communicate(
                    "wait media\ndtmf 5\nhold\nwait ended\n", timeout=PATIENCE
                )
            theirs = callee.stdout.read()
            assert callee.wait(PATIENCE) == 0, theirs
        assert caller.returncode == 0, out
        assert named(events_of(out), "ended")[0]["by"] == "remote", out
        assert named(events_of(theirs), "expectation")[0]["met"] is True, theirs


@pytest.mark.parametrize(
    ("target", "script", "found"),
    [
        ("ring", "dtmf 1\n", "the call is not answered yet"),
        ("echo", "wait answered\nt busy\nsleep 20\n", "transfer to sip:busy@sandbox.invalid: 486"),
        ("ivr", "wait answered\ndtmf 4#5\n", "the far end ended it"),
        ("ring", "answer\n", "no call is ringing"),
    ],
)
def test_a_verb_that_comes_to_nothing_is_exit_8_and_says_why(
    target: str, script: str, found: str, tmp_path: Path
) -> None:
    code, events = obeyed(script, target, "--audio-in", "silence", folder=tmp_path)
    assert code == 8, events
    (verdict,) = named(events, "expectation")
    assert verdict["met"] is False
    assert found in verdict["actual"]


def test_a_refused_call_keeps_its_code_whatever_waits_for_its_answer(tmp_path: Path) -> None:
    script = "wait answered 20\nsleep 20\n"
    code, events = obeyed(script, "busy", "--audio-in", "silence", folder=tmp_path)
    assert code == 5
    assert "486 Busy Here" in named(events, "expectation")[0]["actual"]


@pytest.mark.parametrize(
    ("target", "script"),
    [
        ("busy", "wait ended\nexpect status 486\n"),
        ("ring", "wait progress\nhangup\nexpect status 487\n"),
    ],
)
def test_a_status_that_a_line_expects_is_a_success(
    target: str, script: str, tmp_path: Path
) -> None:
    code, events = obeyed(script, target, "--audio-in", "silence", folder=tmp_path)
    assert code == 0, events


def test_who_listens_ends_with_an_empty_script(tmp_path: Path) -> None:
    arguments = ("listen", "--sandbox", "--audio-in", "silence", "--audio-out", "null", "--stdin")
    with started(*arguments, "--json", folder=tmp_path, stdin=subprocess.DEVNULL) as process:
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out
    assert named(events_of(out), "registered")


def test_on_a_terminal_a_mistake_is_told_and_nothing_is_drawn_over_what_is_typed() -> None:
    arguments = ("call", "--sandbox", *TONE, "--audio-out", "null", "--stdin")
    terminal = Terminal(*arguments, "--no-color")
    terminal.wait_for("media connected")
    terminal.type("dance\n")
    terminal.wait_for("unknown command 'dance'")
    terminal.type("answer\n")
    terminal.wait_for("answer: no call is ringing")
    terminal.type("hold\n")
    terminal.wait_for("on hold")
    terminal.type("\x04")
    assert terminal.end() == 0
    assert "\x1b[2K" not in terminal.shown
