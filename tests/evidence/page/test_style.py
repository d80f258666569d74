"""The colours of the page: text can be read on what it stands on, in light and in dark.

A test with a browser and axe-core sees most of it, but no letters in charts.
"""

import re
from importlib.resources import files

import pytest

STYLE = files("sipcli.evidence.page").joinpath("templates/style.css").read_text("utf-8")
ENOUGH = 4.5
"""WCAG 2.2, success criterion 1.4.3."""
ENOUGH_FOR_GRAPHICS = 3.0
"""Success criterion 1.4.11."""


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT = colours(STYLE[: STYLE.index("@media")])
DARK = LIGHT | colours(STYLE[STYLE.index("@media") : STYLE.index("*, *::before")])


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_can_be_told_from_what_is_behind_them(scheme: dict[str, str]) -> None:
    sheets = ("paper", "sheet", "good-sheet", "bad-sheet", "warn-sheet")
    for sheet in sheets:
        for ink in ("ink", "soft"):
            assert contrast(scheme[ink], scheme[sheet]) >= ENOUGH, (ink, sheet)
        for line in ("first", "second"):
            assert contrast(scheme[line], scheme[sheet]) >= ENOUGH_FOR_GRAPHICS, (line, sheet)
    for mark in ("good", "bad", "warn"):
        for sheet in ("paper", "sheet", f"{mark}-sheet"):
            assert contrast(scheme[mark], scheme[sheet]) >= ENOUGH, (mark, sheet)
    for link_sheet in ("paper", "sheet"):
        assert contrast(scheme["link"], scheme[link_sheet]) >= ENOUGH
    assert contrast(scheme["bar"], scheme["paper"]) >= ENOUGH_FOR_GRAPHICS


def test_dark_has_colours_of_its_own_for_all() -> None:
    assert {name for name in LIGHT if DARK[name] == LIGHT[name]} == set()
