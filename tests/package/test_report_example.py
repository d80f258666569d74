"""The example of a report in the docs is what sipcli writes, and its pictures are there."""

from pathlib import Path

import pytest

from scripts import report_pictures
from scripts.report_pictures import PAGE, SHOTS, main, pictures, without_images
from scripts.sample_report import report
from sipcli.evidence.page.report_page import report_page
from tests.package.documents import ROOT

FOLDER = ROOT / "docs/report"


def test_the_example_is_the_page_of_now() -> None:
    there = (FOLDER / PAGE).read_text("utf-8")
    assert without_images(there) == without_images(report_page(report()).decode()), (
        "run `make example`"
    )


def test_each_picture_is_shown_and_small() -> None:
    text = (ROOT / "docs/evidence.md").read_text("utf-8")
    assert {path.name for path in FOLDER.iterdir()} == {PAGE, *pictures()}
    for name in pictures():
        assert f"](report/{name})" in text
        picture = (FOLDER / name).read_bytes()
        assert picture[8:12] == b"WEBP"
        assert len(picture) < 100_000


def test_a_page_that_is_the_same_keeps_its_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pictures, "ReportViewer", None)  # would be needed for new ones
    before = {path: path.stat().st_mtime_ns for path in FOLDER.iterdir()}
    assert main(FOLDER) is None
    assert {path: path.stat().st_mtime_ns for path in FOLDER.iterdir()} == before


def test_without_a_browser_a_changed_page_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_pictures, "installed", lambda: False)
    assert "its pictures are due: Chromium" in str(main(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_there_is_one_picture_of_each_width_that_readers_have() -> None:
    assert {shot.width for shot in SHOTS if shot.media == "screen"} == {400, 1000, 1600}
