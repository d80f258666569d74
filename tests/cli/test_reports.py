"""What a user reads, and a program gets, when a command cannot begin."""

import json
from typing import Any

import pytest

from sipcli.cli.main import run
from sipcli.config.paths import config_file

Capture = pytest.CaptureFixture[str]


def configure(text: str) -> None:
    config_file().parent.mkdir(parents=True, exist_ok=True)
    config_file().write_text(text, encoding="utf-8")


def events(capsys: Capture) -> list[dict[str, Any]]:
    """All of stdout as events; nothing is on stderr."""
    captured = capsys.readouterr()
    assert captured.err == ""
    return [json.loads(line) for line in captured.out.splitlines()]


class TestSeveralProblems:
    def test_a_person_reads_each_in_a_line_of_its_own(self, capsys: Capture) -> None:
        configure("uri = 1\nfoo = 2\nbar = 3\n")
        assert run(["config", "check"]) == 2
        first, second, third = capsys.readouterr().err.splitlines()
        assert first.startswith(f"error: {config_file()}:1: uri: ")
        assert second.startswith(f"  {config_file()}:2: foo: ")
        assert third.startswith(f"  {config_file()}:3: bar: ")

    def test_control_characters_are_spelt_out_in_every_line(self, capsys: Capture) -> None:
        configure('uri = 1\n"b\\u001bad\\n" = 2\n')
        assert run(["config", "check"]) == 2
        first, second = capsys.readouterr().err.splitlines()
        assert "\\x1b" in second
        assert "\x1b" not in first + second

    def test_a_program_gets_all_in_the_error_and_one_sentence_in_the_end(
        self, capsys: Capture
    ) -> None:
        configure("uri = 1\nfoo = 2\nbar = 3\n")
        assert run(["config", "check", "--json"]) == 2
        *_, error, finished = events(capsys)
        first, *others = error["text"].splitlines()
        assert len(others) == 2
        assert finished["reason"] == f"{first} (and 2 more)"

    def test_one_alone_is_the_reason_itself(self, capsys: Capture) -> None:
        configure("uri = 1\n")
        assert run(["config", "check", "--json"]) == 2
        *_, error, finished = events(capsys)
        assert finished["reason"] == error["text"]


class TestUsageErrors:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["register", "--bogus", "--json"],
            ["register", "--json", "--bogus"],
            ["register", "--duration", "soon", "--json"],
            ["config", "show", "--pasword", "x", "--json"],
            ["config", "--bogus", "show", "--json"],
            ["--bogus", "register", "--json"],
            ["bogus", "--json"],
            ["ping", "--json"],
            ["--json", "--config"],
            ["--json"],
        ],
        ids=" ".join,
    )
    def test_json_counts_wherever_it_stands(self, arguments: list[str], capsys: Capture) -> None:
        assert run(arguments) == 2
        error, finished = events(capsys)
        assert (error["event"], error["schema"]) == ("error", 1)
        assert (finished["event"], finished["exit_code"]) == ("finished", 2)
        assert finished["reason"] == error["text"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ["ping", "--bogus", "--", "--json"],
            ["--bogus", "ping", "--", "--json"],
            ["register", "--", "--json"],
        ],
        ids=" ".join,
    )
    def test_what_follows_two_dashes_is_no_option(
        self, arguments: list[str], capsys: Capture
    ) -> None:
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("error: ")

    def test_without_json_the_mistake_is_named_for_a_person(self, capsys: Capture) -> None:
        assert run(["register", "--bogus"]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("error: No such option '--bogus';")
