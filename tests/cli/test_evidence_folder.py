"""`--evidence DIR`: what a command that fails leaves there, and one that succeeds does not."""

import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sipcli.cli.capture_part import CapturePart
from sipcli.cli.evidence_options import RunEnd
from sipcli.errors import ConfigError
from tests.cli.program import Sipcli

NOWHERE = ("--ws-servers", "ws://127.0.0.1:9", "--uri", "sip:alice@example.com")


def left_in(folder: Path) -> dict[str, Path]:
    """What is in the folder, by suffix."""
    return {path.suffix: path for path in folder.iterdir()}


def cases(report: Path) -> dict[str, str | None]:
    """The cases of a JUnit report: name, and what became of it."""
    found = ElementTree.parse(report).iter("testcase")
    outcomes = ("failure", "error", "skipped")
    return {
        case.get("name", ""): next((each for each in outcomes if case.find(each) is not None), None)
        for case in found
    }


def test_a_call_that_fails_leaves_report_capture_and_junit(sipcli: Sipcli, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "evidence"
    words = ("--audio-in", "silence", "--duration", "1.5", "--expect-tone", "440")
    outcome = sipcli("call", "--sandbox", "silent", *words, "--evidence", str(folder))
    assert outcome.code == 8
    left = left_in(folder)
    assert left.keys() == {".html", ".pcapng", ".xml"}
    assert len({path.stem for path in left.values()}) == 1
    assert cases(left[".xml"]) == {"expect-tone": "failure"}
    assert "INVITE" in left[".xml"].read_text("utf-8")
    assert left[".pcapng"].stat().st_size > 10_000
    if sys.platform != "win32":  # they say who calls whom
        assert {path.stat().st_mode & 0o777 for path in left.values()} == {0o600}


def test_a_success_leaves_nothing_unless_it_is_asked_for(sipcli: Sipcli, tmp_path: Path) -> None:
    words = ("call", "--sandbox", "echo", "--audio-in", "silence", "--duration", "0.3")
    assert sipcli(*words, "--evidence", str(tmp_path)).code == 0
    assert left_in(tmp_path) == {}
    assert sipcli(*words, "--evidence", str(tmp_path), "--evidence-always").code == 0
    left = left_in(tmp_path)
    assert left.keys() == {".html", ".pcapng", ".xml"}
    assert cases(left[".xml"]) == {"call": None}


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No capture can be ended."""
    close = CapturePart.finish

    def disk_is_full(part: CapturePart, end: RunEnd) -> None:
        close(part, end)
        raise ConfigError("the disk is full")

    monkeypatch.setattr(CapturePart, "finish", disk_is_full)


@pytest.mark.usefixtures("full_disk")
def test_a_capture_that_is_not_whole_is_how_the_command_ended(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    report, folder = tmp_path / "r.json", tmp_path / "evidence"
    files = ("--capture", str(tmp_path / "c.pcapng"), "--report", str(report))
    outcome = sipcli("register", "--sandbox", "--once", *files, "--evidence", str(folder))
    assert outcome.code == 2
    verdict = json.loads(report.read_text("utf-8"))["verdict"]
    assert (verdict["exit_code"], verdict["result"]) == (2, "failed")
    assert verdict["sentence"] == "the disk is full"
    left = left_in(folder)
    assert left.keys() == {".html", ".pcapng", ".xml"}, "the command has failed"
    assert cases(left[".xml"]) == {"register": "error"}


@pytest.mark.usefixtures("full_disk")
def test_a_success_with_a_lost_capture_is_an_error_in_the_junit_report(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    junit = tmp_path / "r.xml"
    files = ("--capture", str(tmp_path / "c.pcapng"), "--junit", str(junit))
    words = ("call", "--sandbox", "busy", "--audio-in", "silence", "--expect-status", "486")
    assert sipcli(*words, *files).code == 2
    assert cases(junit) == {"expect-status": None, "call": "error"}
    assert sipcli("call", "--sandbox", "echo", *words[3:5], "--duration", "0.1", *files).code == 2
    assert cases(junit) == {"call": "error"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("--junit", "a.md"), ("--report", "./a.md")),
        (("--junit", "a.pcapng"), ("--capture", "a.pcapng")),
        (("--junit", "a.wav"), ("--record", "a.wav")),
        (("--log-file", "a.json"), ("--report", "a.json")),
    ],
)
def test_two_outputs_are_never_one_file(
    one: tuple[str, str],
    other: tuple[str, str],
    sipcli: Sipcli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = sipcli("call", "--sandbox", "busy", "--audio-in", "silence", *one, *other)
    assert outcome.code == 2
    assert "is used twice: " in outcome.err
    assert "need a file each" in outcome.err


def test_outputs_that_are_no_files_may_be_the_same(sipcli: Sipcli) -> None:
    words = ("--junit", os.devnull, "--log-file", os.devnull)
    assert sipcli("call", "--sandbox", "busy", "--audio-in", "silence", *words).code == 5


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("call", "bob", *NOWHERE), 3, "call"),
        (("listen", *NOWHERE, "--duration", "0.5"), 130, "call"),
        (("register", "--once", *NOWHERE), 3, "register"),
        (("ping", "bob", *NOWHERE), 3, "ping"),
        (("message", "bob", "hello", *NOWHERE), 3, "message"),
    ],
)
def test_each_command_that_connects_leaves_it(
    words: tuple[str, ...], code: int, name: str, sipcli: Sipcli, tmp_path: Path
) -> None:
    assert sipcli(*words, "--evidence", str(tmp_path)).code == code
    left = left_in(tmp_path)
    assert left.keys() == {".html", ".pcapng", ".xml"}
    assert cases(left[".xml"]) == {name: "error"}


def test_the_checks_of_doctor_are_cases(sipcli: Sipcli, tmp_path: Path) -> None:
    assert sipcli("doctor", *NOWHERE, "--evidence", str(tmp_path)).code == 3
    found = cases(left_in(tmp_path)[".xml"])
    assert found["configuration"] is None
    assert found["tcp"] == "failure"
    assert found["ice"] == "skipped"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows says it in other words")
def test_a_folder_that_cannot_be_made_is_an_error_before_anything_is_sent(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    outcome = sipcli("ping", "--sandbox", "echo", "--evidence", str(tmp_path / "file" / "folder"))
    assert outcome.code == 2
    assert f"--evidence {tmp_path / 'file' / 'folder'}: Not a directory" in outcome.err
    assert "registered" not in outcome.out


def test_always_needs_a_folder(sipcli: Sipcli) -> None:
    outcome = sipcli("ping", "--sandbox", "echo", "--evidence-always")
    assert outcome.code == 2
    assert "needs --evidence DIR" in outcome.err
