"""`call` and `listen` with expectations, against the sandbox: real signalling, real media."""

import os
import signal
import subprocess
import sys
import time
from json import loads
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.program import Outcome, Sipcli, account
from tests.cli.test_process import Terminal
from tests.sip_server import Behaviour, in_a_thread

TONE = ("--audio-in", "tone:440", "--audio-out", "null")
QUIET = ("--audio-in", "silence", "--audio-out", "null")


def verdicts(outcome: Outcome) -> dict[str, bool]:
    """Name of each expectation, and whether it was met."""
    return {
        event["name"]: event["met"] for event in outcome.events if event["event"] == "expectation"
    }


def cases(path: Path) -> dict[str, str]:
    """Name of each test case, and `passed`, `failure` or `error`."""
    suite = ElementTree.parse(path).getroot()[0]
    return {
        str(case.get("name")): case[0].tag if len(case) else "passed"
        for case in suite.iter("testcase")
    }


def test_a_call_that_is_as_expected_ends_with_0(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    wanted = ("--expect-tone", "440", "--expect-audio", "both", "--expect-status", "200")
    more = ("--max-setup-ms", "20000", "--min-mos", "1", "--max-loss", "100")
    outcome = sipcli(
        "call", "--sandbox", "echo", *TONE, "--duration", "2.5", *wanted, *more, "--json",
        "--junit", str(path),
    )  # fmt: skip
    assert outcome.code == 0, outcome.out
    found = verdicts(outcome)
    assert len(found) == 6
    assert all(found.values())
    assert cases(path) == dict.fromkeys(found, "passed")
    assert outcome.kinds[-1] == "finished"


def test_a_silent_far_end_is_no_success_and_one_way_audio_is_named(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    outcome = sipcli(
        "call", "--sandbox", "silent", *TONE, "--duration", "1.2", "--expect-audio", "both",
        "--junit", str(path),
    )  # fmt: skip
    assert outcome.code == 8
    assert "one-way audio, nothing reaches us" in outcome.err
    assert "ICE connected by host" in outcome.out
    assert cases(path) == {"expect-audio": "failure"}


def test_on_a_terminal_what_was_found_is_told_once_and_in_colour() -> None:
    terminal = Terminal("call", "--sandbox", "busy", *QUIET, "--expect-status", "603")
    assert terminal.end() == 8
    assert "\x1b[31m✗ " in terminal.shown
    assert terminal.shown.count("expected 603") == 1
    assert "answer: expect-status is not met" in terminal.shown


def test_our_own_silence_is_no_success_where_sound_was_to_be_sent(sipcli: Sipcli) -> None:
    outcome = sipcli(
        "call", "--sandbox", "tone", *QUIET, "--duration", "1.2", "--expect-audio", "sent"
    )
    assert outcome.code == 8
    assert "our own source is silent" in outcome.err


def test_digits_have_to_be_these_and_no_others(sipcli: Sipcli) -> None:
    call = ("call", "--sandbox", "dtmf", *QUIET, "--duration", "1.5", "--dtmf", "4a")
    assert sipcli(*call, "--expect-dtmf", "4a").code == 0
    assert sipcli(*call, "--expect-dtmf", "4").code == 8


def test_a_refusal_that_is_expected_is_a_success(sipcli: Sipcli) -> None:
    assert sipcli("call", "--sandbox", "busy", *QUIET, "--expect-status", "486").code == 0


def test_the_status_is_the_expectations_affair_where_one_is_expected(sipcli: Sipcli) -> None:
    outcome = sipcli("call", "--sandbox", "busy", *QUIET, "--expect-status", "603")
    assert outcome.code == 8
    assert "expected 603; found: 486" in outcome.err
    ring = ("call", "--sandbox", "ring", *QUIET, "--ring-timeout", "0.2")
    assert sipcli(*ring, "--expect-status", "487").code == 0
    assert sipcli(*ring, "--expect-status", "200").code == 8


def test_a_refusal_keeps_its_code_where_something_else_was_expected(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    outcome = sipcli(
        "call", "--sandbox", "busy", *QUIET, "--expect-audio", "both", "--json",
        "--junit", str(path),
    )  # fmt: skip
    assert outcome.code == 5
    assert outcome.the("expectation")["actual"] == "not reached: answer: 486 Busy Here"
    assert cases(path) == {"expect-audio": "error"}


def test_without_a_server_the_file_tells_why(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    server = ("--uri", "sip:a@example.com", "--ws-servers", "ws://127.0.0.1:1")
    outcome = sipcli(
        "call", "bob", *server, *QUIET, "--expect-audio", "both", "--min-mos", "3",
        "--junit", str(path), "--json",
    )  # fmt: skip
    assert outcome.code == 3
    assert verdicts(outcome) == {"expect-audio": False, "min-mos": False}
    assert cases(path) == {"expect-audio": "error", "min-mos": "error"}
    assert "TCP: ws://127.0.0.1:1: " in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("target", "outcome"), [("echo", "passed"), ("busy", "error")])
def test_without_expectations_the_file_has_the_call_itself(
    sipcli: Sipcli, tmp_path: Path, target: str, outcome: str
) -> None:
    path = tmp_path / "junit.xml"
    sipcli("call", "--sandbox", target, *QUIET, "--duration", "0.2", "--junit", str(path))
    assert cases(path) == {"call": outcome}


@pytest.mark.parametrize("folder", ["/nowhere/at", "/" + "x" * 300])  # pathlib raises for those
def test_a_file_that_has_no_place_is_told_before_anything_else(sipcli: Sipcli, folder: str) -> None:
    outcome = sipcli("call", "--sandbox", "echo", "--junit", f"{folder}/all.xml", "--json")
    assert outcome.code == 2
    assert outcome.kinds == ["error", "finished"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--expect-audio", "loud"),
        ("--expect-tone", "nan"),
        ("--expect-tone", "5"),
        ("--expect-dtmf", "4x"),
        ("--expect-status", "180"),
        ("--max-setup-ms", "0"),
        ("--min-mos", "6"),
        ("--max-loss", "101"),
    ],
)
def test_what_cannot_be_expected_is_a_usage_error(sipcli: Sipcli, option: str, value: str) -> None:
    outcome = sipcli("call", "--sandbox", "echo", option, value)
    assert outcome.code == 2
    assert option in outcome.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            "--duration 1 --expect-tone 440",
            "--expect-tone can never be met: a call has to last 1.2",
        ),
        ("--duration 0.5 --expect-audio both", "has to last 0.6 s for it, and ends 0.5 s after"),
        ("--min-mos 5", "--min-mos can never be met: the best that the E-model gives is 4.45"),
        ("--codecs pcmu --min-mos 4.43", "the best that the E-model gives is 4.40 (pcmu)"),
        ("--codecs pcmu --expect-tone 4000", "4000 Hz: pcmu carry only what is below 4000 Hz"),
    ],
)
def test_what_can_never_be_met_is_refused_before_anything_is_sent(
    sipcli: Sipcli, tmp_path: Path, words: str, complaint: str
) -> None:
    path = tmp_path / "junit.xml"
    outcome = sipcli(
        "call", "--sandbox", "echo", *TONE, *words.split(), "--json", "--junit", str(path)
    )
    assert outcome.code == 2
    assert complaint in outcome.the("error")["text"]
    assert not {"calling", "expectation"} & set(outcome.kinds)
    assert set(cases(path).values()) == {"error"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--auto-answer --call-duration 1.1 --expect-tone 440", "ends 1.1 s after the answer"),
        ("--reject 486 --expect-audio received", "every call is refused (--reject 486): there is"),
        ("--reject 486 --expect-dtmf 1", "--expect-dtmf can never be met: every call"),
        ("--reject 603 --expect-status 200", "200: every call is refused (--reject 603)"),
    ],
)
def test_listening_for_what_can_never_be_met_is_refused(
    sipcli: Sipcli, words: str, complaint: str
) -> None:
    outcome = sipcli("listen", "--sandbox", *QUIET, "--duration", "5", *words.split())
    assert outcome.code == 2
    assert complaint in outcome.err
    assert "✗" not in outcome.out


@pytest.mark.parametrize(
    "words",
    [
        "--duration 1.2 --expect-tone 440",
        "--duration 0.6 --expect-audio both",
        "--duration 1 --min-mos 4.45 --codecs opus,pcmu",
        "--duration 1 --min-mos 4.4 --codecs pcmu",
    ],
)
def test_what_may_just_be_met_is_tried(sipcli: Sipcli, words: str) -> None:
    outcome = sipcli("call", "--sandbox", "echo", *TONE, *words.split())
    assert outcome.code in (0, 8), outcome.err


def test_a_call_that_was_too_short_says_so(sipcli: Sipcli) -> None:
    quiet = ("--audio-in", "silence", "--audio-out", "null")  # a tone might just be enough
    outcome = sipcli(
        "call", "--sandbox", "echo", *quiet, "--duration", "0.6", "--expect-audio", "both"
    )
    assert outcome.code == 8
    assert "the call was too short to judge, its media were up for 0." in outcome.err
    assert "silence" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--sandbox", "echo", "--expect-tone", "nan", "--junit"], "--expect-tone"),
        (["--junit"], "Missing argument"),
        (["echo", "--bogus", "--junit"], "--bogus"),
        (["--sandbox", "sip:", "--junit"], "this is not a URI"),
        (["--sandbox", "echo", "--audio-in", "bogus:", "--junit"], "--audio-in"),
    ],
)
def test_a_usage_error_is_told_in_the_file(
    arguments: list[str], complaint: str, sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    for option in ([*arguments, str(path)], [*arguments[:-1], f"--junit={path}"]):
        outcome = sipcli("call", *option)
        assert outcome.code == 2
        assert complaint in outcome.err
        assert cases(path) == {"call": "error"}
        (error,) = ElementTree.parse(path).iter("error")
        told = str(error.get("message"))
        assert complaint in told
        assert "bug" not in told
        path.unlink()


def test_what_follows_two_dashes_names_no_file(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    assert sipcli("listen", "--bogus", "--", "--junit", str(path)).code == 2
    assert not path.exists()


def test_listening_in_vain_is_no_success(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    outcome = sipcli(
        "listen", "--sandbox", *QUIET, "--duration", "0.3", "--expect-audio", "received",
        "--junit", str(path),
    )  # fmt: skip
    assert outcome.code == 8
    assert "there was no call to judge" in outcome.err
    assert cases(path) == {"expect-audio": "error"}


def test_a_call_that_is_interrupted_writes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    command = [
        sys.executable, "-m", "sipcli", "call", "--sandbox", "ring", *QUIET, "--json",
        "--expect-audio", "both", "--junit", str(path),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while loads(process.stdout.readline())["event"] != "progress":
            pass
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=10)
    assert process.returncode == 130
    assert [loads(line)["event"] for line in rest.splitlines()].count("expectation") == 1
    assert cases(path) == {"expect-audio": "error"}


def test_a_call_that_is_interrupted_twice_writes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    with in_a_thread(Behaviour(silent=frozenset({"INVITE", "UNREGISTER"}))) as server:
        command = [
            sys.executable, "-m", "sipcli", "call", "bob", *account(server), *QUIET,
            "--stun-servers", "none", "--expect-audio", "both", "--junit", str(path), "--json",
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            while loads(process.stdout.readline())["event"] != "calling":
                pass
            process.send_signal(signal.SIGINT)
            while len(server.requests("REGISTER")) != 2:  # the end waits for an answer to it
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=10)
    assert process.returncode == 130
    assert loads(rest.splitlines()[-1])["reason"] == "interrupted twice"
    assert cases(path) == {"expect-audio": "error"}


@pytest.mark.parametrize("count", ["--count", "--max-calls"])
def test_who_listens_judges_the_call_that_comes(tmp_path: Path, count: str) -> None:
    path = tmp_path / "junit.xml"
    command = [
        sys.executable, "-m", "sipcli", "listen", "--sandbox", *QUIET, "--json",
        "--auto-answer", count, "1", "--expect-tone", "440", "--expect-dtmf", "7",
        "--expect-audio", "both", "--junit", str(path),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [loads(process.stdout.readline())]
        while told[-1]["event"] != "registered":
            told.append(loads(process.stdout.readline()))
        (where,) = (event for event in told if event["event"] == "sandbox")
        alice, bob = where["accounts"]
        account = ("--uri", bob["uri"], "--ws-servers", where["server"], "--stun-servers", "none")
        caller = subprocess.run(
            [
                sys.executable, "-m", "sipcli", "call", alice["uri"], *account, *TONE,
                "--duration", "2.5", "--dtmf", "7", "--expect-audio", "sent",
            ],
            env={**os.environ, "SIPCLI_PASSWORD": bob["password"]},
            check=False,
        )  # fmt: skip
        rest, _ = process.communicate(timeout=10)
    assert caller.returncode == 0
    assert process.returncode == 8
    events = [loads(line) for line in rest.splitlines()]
    assert {event["name"]: event["met"] for event in events if event["event"] == "expectation"} == {
        "expect-audio": False,  # nothing was said here
        "expect-tone": True,
        "expect-dtmf": True,
    }
    found = cases(path)
    assert found == {"expect-audio": "failure", "expect-tone": "passed", "expect-dtmf": "passed"}


def test_a_call_that_is_interrupted_after_its_answer_is_judged() -> None:
    command = [
        sys.executable, "-m", "sipcli", "call", "--sandbox", "tone", *QUIET, "--json",
        "--expect-audio", "sent", "--expect-status", "200",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while loads(process.stdout.readline())["event"] != "media":
            pass
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=10)
    events = [loads(line) for line in rest.splitlines()]
    assert [event["met"] for event in events if event["event"] == "expectation"] == [False, True]
    assert process.returncode == 8
