"""What the pages say is so: their links lead somewhere, their settings are accepted, …"""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.picture import COMMANDS
from tests.cli.program import Sipcli, sipcli
from tests.package.documents import PAGES, ROOT, blocks
from tests.test_layers import ALLOWED

__all__ = ["sipcli"]

HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]*))?\)")
TESTS = sorted((ROOT / "tests").rglob("*.py"))
KAMAILIO = (ROOT / "tests/realpeer/kamailio.cfg").read_text("utf-8").splitlines()


def anchor(heading: str) -> str:
    """What a heading is called in a link."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_what_is_there(page: Path) -> None:
    for target, fragment in LINK.findall(page.read_text("utf-8")):
        there = page.parent / target if target else page
        assert there.exists(), f"{page.name} links to {target}"
        if fragment and there.suffix == ".md":
            assert fragment in map(anchor, HEADING.findall(there.read_text("utf-8")))


@pytest.mark.parametrize(
    ("page", "least"),
    [("docs/architecture.md", 100), ("docs/walkthroughs.md", 60), ("CONTRIBUTING.md", 15)],
)
def test_files_that_a_page_names_exist(page: str, least: int) -> None:
    text = (ROOT / page).read_text("utf-8")
    there = [f"/{path.relative_to(ROOT)}" for path in (*ROOT.glob("sipcli/**/*.py"), *TESTS)]
    named = set(re.findall(r"\b[a-z_/0-9]+\.py\b", text))
    assert len(named) > least
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in there)] == []


def test_the_architecture_names_what_each_layer_may_import() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)(?:\.py|/)` \| .*? \| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE)
    told = {layer: set(re.findall(r"`([^`]+)`", allowed)) for layer, allowed in rows}
    del told["cli"]  # "all above"
    assert len(told) > 15
    assert told == {layer: ALLOWED[layer] for layer in told}


def test_files_of_the_glossary_exist() -> None:
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    named = re.findall(r"`([a-z_/0-9]+(?:\.py|/))`", text)
    assert len(named) > 50
    named.remove("sipcli/")
    assert [name for name in named if not (ROOT / "sipcli" / name).exists()] == []


@pytest.mark.parametrize(("page", "settings"), blocks("toml"))
def test_settings_on_a_page_are_accepted(
    page: Path, settings: str, tmp_path: Path, sipcli: Sipcli
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(settings, encoding="utf-8")
    config.chmod(0o600)
    assert sipcli("config", "check", "--config", str(config)).code == 0, page.name


def test_kamailios_settings_are_those_that_the_tests_run() -> None:
    shown = [line for _, block in blocks("kamailio") for line in block.splitlines()]
    assert len(shown) > 20
    assert [line for line in shown if "# …" not in line and line not in KAMAILIO] == []


def test_the_picture_can_be_shown_and_asks_nobody_for_anything() -> None:
    picture = ROOT / "docs/smoke-test.svg"
    words = "".join(ElementTree.parse(picture).getroot().itertext()).replace("\xa0", " ")
    for command in COMMANDS:
        assert command in words
    assert "url(http" not in picture.read_text("utf-8")
