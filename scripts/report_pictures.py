"""Makes docs/report/: the page of the sample report, and what Chromium shows of it.

Usage: python -m scripts.report_pictures FOLDER. The pictures are taken again only if the page has
changed, so only then Chromium is needed.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.sample_report import report
from sipcli.evidence.page.report_page import report_page
from tests.realpeer.report_viewer import INSTALL, ReportViewer, Scheme, installed

PAGE = "example.html"


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: what of the page it shows, and how."""

    name: str
    width: int
    """Of the window, in CSS pixels."""
    scheme: Scheme
    begin: str
    """The element (CSS selector) that it begins with."""
    height: int
    scale: float
    media: str = "screen"


SHOTS = (
    Shot("page", 1000, "light", "body", 1640, 0.8),
    Shot("messages", 1000, "light", "#run-messages", 1270, 0.8),
    Shot("wide", 1600, "dark", "body", 1180, 0.6),
    Shot("quality", 1000, "dark", "#run-quality", 1580, 0.8),
    Shot("phone-light", 400, "light", "body", 1180, 0.8),
    Shot("phone-dark", 400, "dark", "#run-phases", 1180, 0.8),
    Shot("print", 794, "light", "body", 1123, 0.8, "print"),
)


def pictures() -> list[str]:
    """Return the names of the files that show the page."""
    return [f"{shot.name}.webp" for shot in SHOTS]


def without_images(page: str) -> str:
    """Return what is left to compare: how well an image is compressed depends on the zlib."""
    return re.sub(r"base64,[^\"]*", "", page)


def main(folder: Path) -> str | None:
    """Make what is missing or has changed; return what is wrong, None if nothing is."""
    path = folder / PAGE
    page = report_page(report()).decode()
    is_same = path.exists() and without_images(path.read_text("utf-8")) == without_images(page)
    if is_same and all((folder / name).exists() for name in pictures()):
        return None
    if not installed():
        return f"report_pictures: the page has changed, so its pictures are due: {INSTALL}"
    folder.mkdir(exist_ok=True)
    path.write_text(page, "utf-8")
    with ReportViewer() as viewer:
        for shot in SHOTS:
            viewer.show(path.absolute(), shot.width, shot.scheme, shot.media)
            (folder / f"{shot.name}.webp").write_bytes(_taken(viewer, shot))
    return None


def _taken(viewer: ReportViewer, shot: Shot) -> bytes:
    if shot.name == "messages":
        viewer.evaluate("document.querySelectorAll('.message')[4].open = true")  # the INVITE
    top = viewer.evaluate(f"document.querySelector({shot.begin!r}).getBoundingClientRect().top")
    margin = 0 if shot.begin == "body" else 16
    return viewer.picture(top - margin, shot.height, shot.scale)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
