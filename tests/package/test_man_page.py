"""The manual page that is installed says what the help says, and can be shown."""

import shutil
import subprocess

import pytest

from scripts.man_page import page
from sipcli.cli.main import COMMANDS
from sipcli.config.settings import KEYS
from tests.package.documents import ROOT
from tests.required import require

PAGE = ROOT / "docs/sipcli.1"


def test_the_page_is_that_of_the_help_now() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make example`"


def test_the_page_has_every_command_and_every_setting() -> None:
    text = page().replace("\\-", "-")
    assert [name for name in COMMANDS if f'\n.SS "sipcli {name} ' not in text] == []
    for key in KEYS:
        assert f"\n\\fB{key.name} = " in text
        assert f"\n{key.variable}\n" in text


@pytest.mark.parametrize(
    "lint",
    [
        ["mandoc", "-T", "lint", "-W", "warning"],
        ["man", "--warnings", "--local-file", "-Tutf8", "--ditroff"],
    ],
    ids=lambda lint: lint[0],
)
def test_programs_that_show_it_have_no_complaint(lint: list[str]) -> None:
    require(shutil.which(lint[0]), f"there is no {lint[0]}: `make peers` installs it")
    done = subprocess.run([*lint, PAGE], capture_output=True, text=True, check=False)
    told = done.stderr + (done.stdout if lint[0] == "mandoc" else "")
    complaints = [line for line in told.splitlines() if "missing date" not in line]
    assert complaints == []
