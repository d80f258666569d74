"""The tables of docs/performance.md."""

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.bench import tables
from scripts.bench.tables import Row


def test_a_row_says_whether_the_goal_is_met() -> None:
    row = Row(what="delay", ours=47.2, stock=108.4, goal=50.0, unit="ms")
    assert row.line() == "| delay | 47 ms | 108 ms | ≤ 50 ms | met |"
    assert "**short**" in replace(row, ours=50.6).line()


def test_of_some_figures_more_is_better() -> None:
    row = Row(what="PESQ", ours=4.41, stock=None, goal=4.4, is_floor=True, digits=2)
    assert row.line() == "| PESQ | 4.41 | – | ≥ 4.40 | met |"
    assert "**short**" in replace(row, ours=4.39).line()


def test_what_was_not_run_says_why() -> None:
    row = Row(what="devices", ours=None, stock=None, goal=100.0, unit="ms", why="no PulseAudio")
    assert row.line() == "| devices | not run: no PulseAudio | – | ≤ 100 ms | |"


def test_only_the_part_that_was_measured_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    marks = [f"<!-- {part}: {{}} -->" for part in ("cost", "sound")]
    page.write_text(
        "by hand\n\n"
        + "".join(
            f"{mark.format('made by `make bench`')}\nold\n{mark.format('up to here')}\n"
            for mark in marks
        )
        + "and after\n"
    )
    monkeypatch.setattr(tables, "_PAGE", page)
    tables.write("sound", ["### New", "", "| a |"])
    text = page.read_text()
    assert text.startswith("by hand\n")
    assert text.endswith("and after\n")
    assert text.count("old") == 1
    assert text.index("old") < text.index("### New") < text.index("<!-- sound: up to here -->")
