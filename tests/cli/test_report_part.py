"""`--report PATH`: what is in the file when the command ends, and while it has not."""

import json
import stat
from pathlib import Path
from typing import Any, Final

import pytest

from sipcli.cli import report_part
from tests.cli.program import Sipcli
from tests.realpeer.sipcli_process import SipcliProcess

SOUND: Final = ("--audio-in", "tone:440", "--audio-out", "null")
BUSY: Final = ("call", "--sandbox", "busy", *SOUND, "--json")


def report_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


@pytest.mark.parametrize(
    ("name", "begin"), [("a.html", "<!doctype html>"), ("a.MD", "## ❌ sipcli"), ("a.json", "{")]
)
def test_its_suffix_says_in_which_form(
    sipcli: Sipcli, tmp_path: Path, name: str, begin: str
) -> None:
    path = tmp_path / name
    assert sipcli(*BUSY, "--report", str(path)).code == 5
    text = path.read_text("utf-8")
    assert text.lower().startswith(begin.lower())
    assert "486 Busy Here" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["report", "report.txt", "report.html.gz"])
def test_another_suffix_is_refused_before_anything_is_sent(
    sipcli: Sipcli, tmp_path: Path, name: str
) -> None:
    outcome = sipcli(*BUSY, "--report", str(tmp_path / name))
    assert outcome.code == 2
    assert ".html (a page), .md (Markdown) and .json" in outcome.the("finished")["reason"]
    assert "connecting" not in outcome.kinds
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_sent(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "missing" / "report.md"
    outcome = sipcli(*BUSY, "--report", str(path))
    assert outcome.code == 2
    assert outcome.the("finished")["reason"] == f"--report: {path}: there is no such folder"
    assert "connecting" not in outcome.kinds


def test_an_old_report_is_gone_if_the_command_cannot_begin(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("of last night")
    assert sipcli("call", "bob", "--report", str(path), "--bogus").code == 2
    assert not path.exists()
    path.write_text("of last night")
    sipcli("call", "--report", str(path), "--help")
    assert path.read_text() == "of last night"


def test_it_says_what_the_last_event_says_and_how_to_run_it_again(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    secrets = ("--hep-password", "hunter2", "--turn-servers", "turn:192.0.2.1,u,hunter2")
    finished = sipcli(*BUSY, "--report", str(path), *secrets).the("finished")
    found = report_of(path)
    verdict = found["verdict"]
    assert (verdict["sentence"], verdict["phase"]) == (finished["reason"], finished["phase"])
    assert found["run"]["command_line"].startswith("sipcli call --sandbox busy --audio-in tone:440")
    settings = {each["name"]: each for each in found["run"]["settings"]}
    hidden = settings["hep_password"]
    assert (hidden["value"], hidden["source"]) == ('"(hidden)"', "--hep-password")
    assert settings["uri"]["source"] == settings["turn_servers"]["source"] == "the sandbox"
    assert "hunter2" not in path.read_text("utf-8")


def test_several_problems_stand_on_one_line(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    wanted = ("--duration", "1", "--expect-tone", "1000", "--min-mos", "5")
    assert sipcli("call", "--sandbox", "echo", *SOUND, *wanted, "--report", str(path)).code == 2
    assert "after the answer; --min-mos can never be met" in report_of(path)["verdict"]["sentence"]
    assert "\\\\n" not in path.read_text("utf-8"), "nothing shows an escaped line feed"


def test_without_an_error_it_is_a_success(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    wanted = ("--expect-audio", "both", "--duration", "1.2")
    assert sipcli("call", "--sandbox", "echo", *SOUND, *wanted, "--report", str(path)).code == 0
    found = report_of(path)
    assert found["verdict"]["sentence"] == "The expectation is met."
    (call,) = found["calls"]
    assert [each["result"] for each in call["expectations"]] == ["passed"]
    phases = [bar["phase"] for bar in call["waterfall"]["bars"] if bar["state"] == "done"]
    assert phases[-4:] == ["offer/answer", "ICE", "DTLS", "audio"]
    (ice,) = call["ice"]
    assert sum(pair["is_selected"] for pair in ice["pairs"]) == 1
    assert call["spectrum"]["columns"]
    assert call["samples"][-1]["packets_sent"] > 0


def test_the_doctor_s_has_its_checks(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    outcome = sipcli("doctor", "--sandbox", "--json", "--report", str(path))
    assert outcome.code == 0
    found = report_of(path)
    results = {True: "passed", False: "failed", None: "unknown"}
    assert [(each["name"], each["result"]) for each in found["expectations"]] == [
        (each["name"], results[each["ok"]]) for each in outcome.events if each["event"] == "check"
    ]
    assert found["verdict"]["sentence"].endswith("had nothing to look at or were not run.")
    (call,) = found["calls"]
    assert call["direction"] == "outgoing"


def test_a_run_that_is_killed_leaves_no_verdict_but_that(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    words = ("call", "--sandbox", "echo", *SOUND, "--report", str(path))
    with SipcliProcess(*words, home=tmp_path) as process:
        process.wait_for("media", timeout=30)
        found = report_of(path)
        assert found["verdict"]["sentence"] == "not finished"
        assert found["waterfall"]["bars"] == [], "what will be reached is not known yet"
        assert found["verdict"]["result"] == "unknown"


def test_a_bug_in_the_report_does_not_hide_how_the_call_ended(
    sipcli: Sipcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(report_part, "finish", fail)
    outcome = sipcli(*BUSY, "--report", str(tmp_path / "a.json"))
    assert outcome.code == 5
    (warning,) = [each["text"] for each in outcome.events if each["event"] == "warning"]
    assert warning == "some evidence is lost: a bug in sipcli: ValueError: no"
