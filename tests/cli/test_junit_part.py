"""The JUnit report that `--evidence` leaves."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.program import Sipcli

QUIET = ("--audio-in", "silence", "--audio-out", "null")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def suite(folder: Path) -> ElementTree.Element:
    (path,) = folder.glob("*.xml")
    return ElementTree.fromstring(path.read_bytes())[0]


def names(found: ElementTree.Element, kind: str) -> list[str | None]:
    return [case.get("name") for case in found.iter("testcase") if case.find(kind) is not None]


def test_it_says_the_same_as_junit(sipcli: Sipcli, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    wanted = ("--expect-status", "200", "--expect-dtmf", "7", "--duration", "0.5")
    options = ("--junit", str(path), "--evidence", str(folder))
    assert sipcli("call", "--sandbox", "echo", *QUIET, *wanted, *options).code == 8
    left, asked = suite(folder), ElementTree.fromstring(path.read_bytes())[0]
    for found in (left, asked):
        found.attrib |= {"time": "", "timestamp": ""}
    assert ElementTree.tostring(left) == ElementTree.tostring(asked)
    assert names(left, "failure") == ["expect-dtmf"]
    assert names(left, "system-out") == ["expect-dtmf"]


def test_a_command_that_failed_is_the_case(sipcli: Sipcli, folder: Path) -> None:
    assert sipcli("ping", "--sandbox", "nobody", "--evidence", str(folder)).code == 5
    found = suite(folder)
    assert names(found, "error") == ["ping"]
    assert "404 Not Found (OPTIONS)" in (found.findtext("testcase/system-out") or "")


def test_a_call_that_was_refused_is_called_call_as_in_junit(sipcli: Sipcli, folder: Path) -> None:
    assert sipcli("call", "--sandbox", "busy", *QUIET, "--evidence", str(folder)).code == 5
    assert names(suite(folder), "error") == ["call"]


def test_the_doctor_s_checks_are_cases_and_what_there_was_nothing_for_is_skipped(
    sipcli: Sipcli, folder: Path
) -> None:
    account = ("--uri", "sip:alice@example.com", "--ws-servers", "ws://127.0.0.1:9")
    assert sipcli("doctor", *account, "--evidence", str(folder)).code == 3
    found = suite(folder)
    assert names(found, "failure")[0] == "tcp"
    assert names(found, "error") == []
    skipped = names(found, "skipped")
    assert "websocket" in skipped
    assert found.get("skipped") == str(len(skipped))
    assert sum(float(case.get("time", "")) for case in found.iter("testcase")) <= float(
        found.get("time", "")
    )
