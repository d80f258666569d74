"""The report's page in Chromium: it asks for nothing, says nothing, and everybody can read it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.sample_report import report, several
from sipcli.evidence.page.report_page import report_page
from tests.evidence.page.poison import poisoned
from tests.realpeer.report_viewer import INSTALL, ReportViewer, Scheme, installed
from tests.required import require


@pytest.fixture(scope="module")
def viewer() -> Iterator[ReportViewer]:
    require(installed(), INSTALL)
    with ReportViewer() as found:
        yield found


CONTENTS = {"one": report(), "several": several(), "hostile": poisoned(report())}
REAL = ("call", "--sandbox", "echo", "--audio-in", "noise", "--expect-tone", "440")
"""Its call is really made; it fails, since noise is no tone."""


@pytest.fixture(params=[*CONTENTS, "real"], scope="module")
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    if request.param == "real":
        command = [sys.executable, "-m", "sipcli", *REAL, "--duration", "3", "--report", str(path)]
        environment = os.environ | {"SIPCLI_AUDIO_OUTPUT": "null"}
        done = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 8, done.stderr.decode()
    else:
        path.write_bytes(report_page(CONTENTS[request.param]))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_it_loads_nothing_fits_and_has_no_fault_that_axe_finds(
    viewer: ReportViewer, page: Path, width: int, scheme: Scheme
) -> None:
    viewer.show(page, width, scheme)
    assert viewer.evaluate("document.documentElement.scrollWidth") <= width
    viewer.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert viewer.violations() == []
    assert viewer.evaluate("document.documentElement.scrollWidth") <= width
    assert viewer.requests == []
    assert viewer.console == []


def test_in_print_the_messages_are_unfolded_and_the_paper_is_white(
    viewer: ReportViewer, page: Path
) -> None:
    viewer.show(page, 794, "dark", media="print")
    heights = viewer.evaluate(
        "[...document.querySelectorAll('pre')].map(each => each.offsetHeight)"
    )
    assert len(heights) > 4
    assert min(heights) > 10
    assert (
        viewer.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert viewer.pdf().startswith(b"%PDF")


def test_a_keyboard_is_enough(viewer: ReportViewer, page: Path) -> None:
    viewer.show(page, 1000, "light")
    viewer.press("Tab", 9)
    assert viewer.evaluate("document.activeElement.textContent") == "Skip to the details"
    for _ in range(60):
        viewer.press("Tab", 9)
        if viewer.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    assert viewer.evaluate("document.activeElement.parentElement.open") is False
    viewer.press("Enter", 13)
    assert viewer.evaluate("document.activeElement.parentElement.open") is True
