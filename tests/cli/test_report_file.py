"""The JUnit report is begun before a command's modules are loaded, and waits for no FIFO."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from sipcli.cli import main
from sipcli.cli.expectation_run import ExpectationRun
from sipcli.cli.output.report_file import REPORTED
from sipcli.expect.expectations import Expectations

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


def test_an_old_report_is_looked_for_with_each_command_that_has_the_option() -> None:
    context = click.Context(main.main)
    names = set()
    for name in main.main.list_commands(context):
        command = main.main.get_command(context, name)
        if command is not None and any("--report" in each.opts for each in command.params):
            names.add(name)
    assert names == set(REPORTED)


def test_what_is_no_report_by_its_name_is_never_removed(report: Path) -> None:
    for name, is_kept in (("speech.wav", True), ("r.txt", True), ("r.HTML", False)):
        path = report.with_name(name)
        for words in (["call", "echo"], ["sandbox"]):
            path.write_text("of yesterday")
            assert main.run([*words, "--report", str(path)]) == 1
            assert path.exists() == is_kept, words


def test_a_path_that_cannot_be_written_is_left_to_the_command(report: Path) -> None:
    assert main.run(["call", "echo", "--junit", str(report / "below")]) == 1
    assert main.run(["call", "echo", "--junit", "\0"]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO")
class TestFifo:
    """A FIFO in place of a file is never waited for."""

    @pytest.fixture
    def fifo(self, tmp_path: Path) -> Path:
        path = tmp_path / "fifo"
        os.mkfifo(path)
        return path

    @pytest.mark.timeout(20)
    @pytest.mark.parametrize("option", ["--junit", "--log-file"])
    def test_one_without_a_reader_is_a_usage_error(
        self, option: str, fifo: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main.run(["call", "--sandbox", "echo", "--duration", "1", option, str(fifo)]) == 2
        error = capsys.readouterr().err
        assert option in error
        assert "no program reads from this pipe" in error

    @pytest.mark.timeout(20)
    def test_the_reader_waits_for_the_report(self, fifo: Path) -> None:
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        trial = ExpectationRun("call", Expectations(), fifo, target="echo")
        # An empty answer would be the end of the file.
        with trial, pytest.raises(BlockingIOError):
            os.read(reader, 10)
        assert b"<testsuites" in os.read(reader, 10_000)
        assert os.read(reader, 10) == b""
        os.close(reader)


def test_nothing_heavy_is_loaded_for_it() -> None:
    code = "import sys, sipcli.cli.output.report_file; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    heavy = {"asyncio", "aioice", "av", "numpy", "websockets", "sipcli.core", "sipcli.media"}
    assert not heavy & set(done.stdout.split())
