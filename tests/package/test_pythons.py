"""Each place that names the Pythons which are tested names the same."""

import re
import tomllib
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TESTED: Final = [
    release
    for each in PROJECT["classifiers"]
    if re.fullmatch(r"3\.\d+", release := each.rpartition(" ")[2])
]


def test_the_lowest_is_the_one_that_is_required() -> None:
    assert len(TESTED) > 1
    assert PROJECT["requires-python"] == f">={TESTED[0]}"


def test_the_forge_tests_each() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["check"]["strategy"]["matrix"]["python"] == TESTED


def test_the_newest_is_looked_for_from_the_newest_down() -> None:
    script = (ROOT / "scripts/find-python").read_text("utf-8")
    (releases,) = re.findall(r"for release in ([\d. ]+);", script)
    assert releases.split() == TESTED[::-1]


def test_contributors_are_told_of_each() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert f"Python {', '.join(TESTED[:-1])} and {TESTED[-1]} all have to pass" in text
