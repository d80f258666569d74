"""What a trial makes of how its command ended."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from sipcli.cli.expectation_run import ExpectationRun
from sipcli.cli.main import main
from sipcli.errors import (
    ConfigError,
    ExpectationError,
    Interrupted,
    MediaError,
    NoAnswerError,
    RefusedError,
    SipcliError,
)
from sipcli.expect.expectations import Expectations
from tests.expect.told_calls import Theatre

WANTED = Expectations(status=486)
GREEN = "<testsuites tests='1' failures='0' errors='0'/>"
"""Yesterday's report."""


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    """What screens are made of."""
    with click.Context(main):
        yield


def run(expectation_run: ExpectationRun, *statuses: int, error: SipcliError | None = None) -> None:
    """A command whose calls were refused with `statuses`, and that ended by `error`."""
    with expectation_run:
        theatre = Theatre(expectation_run.evaluator())
        for status in statuses:
            theatre.refused_call(status, incoming=expectation_run.incoming)
        if error is not None:
            raise error


def cases(path: Path) -> list[tuple[str | None, list[str]]]:
    suite = ElementTree.parse(path).getroot()[0]
    return [(case.get("name"), [told.tag for told in case]) for case in suite.iter("testcase")]


def test_a_failure_shows_in_the_file_also_where_each_expectation_was_met(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    expectation_run = ExpectationRun("call", WANTED, path, target="bob")
    with pytest.raises(MediaError):
        run(expectation_run, 486, error=MediaError("it died"))
    assert cases(path) == [("expect-status", []), ("call", ["error"])]


def test_media_that_died_show_in_the_file_beside_an_expectation_not_met(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    expectation_run = ExpectationRun("call", WANTED, path, target="bob")
    with pytest.raises(MediaError):
        run(expectation_run, 603, error=MediaError("it died"))
    assert cases(path) == [("expect-status", ["failure"]), ("call", ["error"])]
    text = path.read_text(encoding="utf-8")
    assert "audio: it died" in text
    assert "answer: expect-status: expected 486; found: 603" in text


def test_a_bug_shows_in_the_file_and_stays_a_bug(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    with pytest.raises(ZeroDivisionError), ExpectationRun("call", WANTED, path, target="bob"):
        raise ZeroDivisionError("oh")
    assert cases(path) == [("expect-status", ["error"])]
    assert "a bug in sipcli: ZeroDivisionError: oh" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("error", [RefusedError("486"), NoAnswerError("487")])
def test_the_answer_that_was_expected_is_no_error_any_more(error: SipcliError) -> None:
    expectation_run = ExpectationRun("call", WANTED, None, target="bob")
    run(expectation_run, 486, error=error)


def test_who_waits_for_calls_may_still_be_refused_as_such() -> None:
    with pytest.raises(NoAnswerError):
        run(
            ExpectationRun("listen", WANTED, None),
            486,
            error=NoAnswerError("the registrar is silent"),
        )


def test_a_refusal_without_any_call_stays_one() -> None:
    with pytest.raises(RefusedError), ExpectationRun("call", WANTED, None, target="bob"):
        raise RefusedError("403")


@pytest.mark.parametrize("error", [Interrupted("interrupted"), MediaError("it died")])
def test_an_error_is_worse_than_an_expectation_not_met(error: SipcliError) -> None:
    expectation_run = ExpectationRun("call", WANTED, None, target="bob")
    with pytest.raises(type(error)):
        run(expectation_run, 603, error=error)


def test_calls_before_a_second_attempt_are_void(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    expectation_run = ExpectationRun("call", WANTED, path, target="bob")
    with expectation_run:
        Theatre(expectation_run.evaluator()).refused_call(603)
        Theatre(expectation_run.evaluator()).refused_call(486)
    assert cases(path) == [("expect-status", [])]


def test_each_call_that_comes_has_its_cases_under_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    expectation_run = ExpectationRun("listen", WANTED, path)
    with pytest.raises(ExpectationError, match="found: 603"):
        run(expectation_run, 486, 603)
    assert cases(path) == [("expect-status", []), ("expect-status (call 2)", ["failure"])]


def test_a_file_that_cannot_be_written_is_an_error_unless_there_is_a_worse_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "junit.xml"
    path.mkdir()
    with pytest.raises(ConfigError, match="--junit"), ExpectationRun("call", Expectations(), path):
        pytest.fail("this could have been known before")
    path.rmdir()
    error: SipcliError
    for error, expected in ((MediaError("it died"), MediaError), (ConfigError(""), ConfigError)):
        with pytest.raises(expected):
            _lose_the_place(path, error)
        path.rmdir()
    with pytest.raises(ConfigError, match="--junit"):
        _lose_the_place(path, None)


def _lose_the_place(path: Path, error: SipcliError | None) -> None:
    """A command during which a folder takes the place of its report."""
    with ExpectationRun("call", Expectations(), path):
        path.unlink()
        path.mkdir()
        if error is not None:
            raise error


def test_until_the_command_ends_the_file_says_that_it_has_not(tmp_path: Path) -> None:
    """Who kills it finds no report of yesterday."""
    path = tmp_path / "junit.xml"
    path.write_text(GREEN, encoding="utf-8")
    with ExpectationRun("call", Expectations(), path):
        assert cases(path) == [("call", ["error"])]
    assert cases(path) == [("call", [])]
    ExpectationRun(
        "call", Expectations(status=486, max_loss_percent=1), path, target="bob"
    ).__enter__()
    assert sorted(cases(path)) == [("expect-status", ["error"]), ("max-loss", ["error"])]
    assert path.read_text(encoding="utf-8").count('message="not finished"') == 2


@pytest.mark.parametrize("moment", ["begin", "end"])
def test_a_full_disk_leaves_no_report_that_is_better_than_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(GREEN, encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if moment == "begin":
        monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(ConfigError, match="No space left on device"),
        ExpectationRun("call", Expectations(), path),
    ):
        monkeypatch.setattr(os, "fsync", full)
    if moment == "begin":
        assert not path.exists()
    else:
        assert cases(path) == [("call", ["error"])]
    assert list(tmp_path.iterdir()) == ([] if moment == "begin" else [path])
