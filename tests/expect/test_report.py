"""What the JUnit file holds besides the verdicts: times, figures, the SIP messages; and stdout."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from sipcli import __version__
from tests.cli.program import Sipcli
from tests.cli.test_script import obeyed

TONE: Final = ("--audio-in", "tone:440", "--audio-out", "null")
QUIET: Final = ("--audio-in", "silence", "--audio-out", "null")


_ARROW: Final = len("   0.000  ")


def suite_of(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document.encode())[0]


def times(suite: ElementTree.Element) -> Mapping[str, float]:
    return {str(case.get("name")): float(case.get("time", "")) for case in suite.iter("testcase")}


def test_the_report_says_what_ran_how_it_ended_and_what_was_said(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    wanted = ("--expect-audio", "both", "--expect-status", "200", "--max-setup-ms", "9000")
    outcome = sipcli(
        "call", "--sandbox", "echo", *TONE, *wanted, "--duration", "1.2", "--json",
        "--junit", str(path),
    )  # fmt: skip
    assert outcome.code == 0, outcome.out
    suite = suite_of(path.read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
    found = {one.get("name"): one.get("value") for one in suite.iter("property")}
    ended, media = outcome.the("ended"), outcome.the("media")
    assert found["version"] == __version__
    assert (found["command"], found["target"]) == ("call", "echo")
    for name in ("call", "by", "reason", "duration_s"):
        assert found[name] == str(ended[name])
    for name, value in ended["stats"].items():
        assert found.get(name) == (None if value is None else str(value))
    told = suite.findtext("system-out") or ""
    arrows = [line[_ARROW:].strip("│─ ") for line in told.splitlines() if re.search("[▶◀]", line)]
    labels = [arrow.strip("▶◀─ ") for arrow in arrows]
    begin = labels.index("INVITE")
    assert labels[begin : begin + 7] == [
        "INVITE",
        "407 Proxy Authentication Required",
        "ACK",
        "INVITE",
        "100 Trying (INVITE)",
        "180 Ringing (INVITE)",
        "200 OK (INVITE)",
    ]
    assert [arrow[0] for arrow in arrows[begin + 4 : begin + 7]] == ["◀"] * 3
    assert "offer: audio Opus " in told
    # Each case has its own time: until it was decided.
    took = times(suite)
    assert took["expect-status"] == outcome.the("answered")["elapsed_ms"] / 1000
    assert took["max-setup-ms"] == media["elapsed_ms"] / 1000
    assert 1.2 <= took["expect-audio"] < float(suite.get("time", "")) + 0.01


def test_a_line_of_a_script_has_the_time_that_it_took(tmp_path: Path) -> None:
    script = "wait media\nsleep 0.6\nexpect dtmf 1\nwait dtmf 0.4\n"
    code, events = obeyed(script, "echo", *QUIET[:2], "--junit", "out.xml", folder=tmp_path)
    assert code == 8, events
    took = times(suite_of((tmp_path / "out.xml").read_text(encoding="utf-8")))
    assert took["expect-dtmf (line 3)"] < 0.2
    assert 0.4 <= took["wait (line 4)"] < 0.6


def test_a_call_that_came_to_nothing_has_the_time_of_the_attempt(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    options = ("--ring-timeout", "0.5", "--expect-audio", "both", "--junit", str(path))
    assert sipcli("call", "--sandbox", "ring", *QUIET, *options).code == 6
    suite = suite_of(path.read_text(encoding="utf-8"))
    assert 0.5 <= times(suite)["expect-audio"] <= float(suite.get("time", ""))
    found = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert (found["status"], found["by"]) == ("487", "local")
    assert "codec" not in found


def test_a_dash_is_stdout_and_everything_else_goes_to_stderr(
    sipcli: Sipcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call = ("call", "--sandbox", "busy", *QUIET, "--expect-status")
    for status, code, failures in (("486", 0, "0"), ("603", 8, "1")):
        outcome = sipcli(*call, status, "--junit", "-")
        assert outcome.code == code
        assert suite_of(outcome.out).get("failures") == failures
        assert "486 Busy Here" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_a_usage_error_is_told_on_stdout_too(sipcli: Sipcli) -> None:
    outcome = sipcli("call", "--sandbox", "echo", "--expect-tone", "nan", "--junit", "-")
    assert outcome.code == 2
    assert suite_of(outcome.out).get("errors") == "1"
    assert "--expect-tone" in outcome.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--json",), "--junit -: stdout carries the events (--json): name a file"),
        (("--audio-out", "-"), "--junit -: stdout carries the sound (--audio-out -): name a file"),
    ],
)
def test_stdout_carries_one_thing(sipcli: Sipcli, words: tuple[str, ...], complaint: str) -> None:
    outcome = sipcli("call", "--sandbox", "echo", *QUIET, *words, "--junit", "-")
    assert outcome.code == 2
    assert complaint in outcome.out + outcome.err
    assert "calling" not in outcome.out + outcome.err


def test_with_json_a_usage_error_leaves_stdout_to_the_events(sipcli: Sipcli) -> None:
    outcome = sipcli("call", "--sandbox", "echo", "--bogus", "--junit", "-", "--json")
    assert outcome.code == 2
    assert outcome.kinds == ["error", "finished"]


def test_a_failed_case_has_the_ladder_and_the_figures_of_its_call(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    wanted = ("--expect-dtmf", "7", "--expect-status", "200")
    options = (*QUIET, *wanted, "--duration", "1", "--junit", str(path), "--json")
    outcome = sipcli("call", "--sandbox", "echo", *options)
    assert outcome.code == 8
    failed, passed = (
        case.findtext("system-out")
        for case in sorted(suite_of(path.read_text(encoding="utf-8")).iter("testcase"), key=name_of)
    )
    assert passed is None
    assert failed is not None
    ladder, _, figures = failed.partition("\n\n")
    assert "REGISTER" not in ladder  # it is not of the call
    assert "200 OK (BYE)" in ladder
    ended = outcome.the("ended")
    assert f"call: {ended['call']}" in figures
    assert f"packets_sent: {ended['stats']['packets_sent']}" in figures


def test_a_command_that_failed_has_all_its_messages(sipcli: Sipcli, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    assert sipcli("call", "--sandbox", "busy", *QUIET, "--junit", str(path)).code == 5
    (case,) = suite_of(path.read_text(encoding="utf-8")).iter("testcase")
    told = case.findtext("system-out") or ""
    assert "REGISTER" in told
    assert "486 Busy Here (INVITE)" in told


def name_of(case: ElementTree.Element) -> str:
    return str(case.get("name"))
