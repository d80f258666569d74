"""The JUnit report is begun before a command's modules are loaded."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sipcli.cli import main

GREEN = "<testsuites><testsuite/></testsuites>"


class Killed(Exception):  # noqa: N818 - what happened
    """The process ends while it loads."""


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Yesterday's report; the command dies as it is loaded."""
    path = tmp_path / "r.xml"
    path.write_text(GREEN)

    def die(name: str) -> object:
        raise Killed(name)

    monkeypatch.setattr(main, "import_module", die)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["call", "--sandbox", "echo", "--junit", "{}"],
        ["--json", "listen", "--junit={}"],
        ["call", "echo", "--junit", "other.xml", "--junit", "{}", "--", "--junit", "none.xml"],
    ],
    ids=" ".join,
)
def test_an_old_report_is_gone_before_the_command_is_loaded(
    words: list[str], report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(report.parent)
    assert main.run([word.format(report) for word in words]) == 1
    root = ElementTree.fromstring(report.read_bytes())
    assert [error.get("message") for error in root.iter("error")] == ["not finished"]
    assert root.get("errors") == "1"
    assert [path.name for path in report.parent.iterdir()] == ["r.xml"]


@pytest.mark.parametrize(
    "words",
    [["call", "-h", "--junit", "{}"], ["ping", "--junit", "{}"], ["call", "--", "--junit", "{}"]],
    ids=" ".join,
)
def test_it_is_left_alone_by_what_writes_no_report(words: list[str], report: Path) -> None:
    main.run([word.format(report) for word in words])
    assert report.read_text() == GREEN


def test_a_path_that_cannot_be_written_is_left_to_the_command(report: Path) -> None:
    assert main.run(["call", "echo", "--junit", str(report / "below")]) == 1
    assert main.run(["call", "echo", "--junit", "\0"]) == 1


def test_nothing_heavy_is_loaded_for_it() -> None:
    code = "import sys, sipcli.cli.early_report; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    heavy = {"asyncio", "aioice", "av", "numpy", "websockets", "sipcli.core", "sipcli.media"}
    assert not heavy & set(done.stdout.split())
