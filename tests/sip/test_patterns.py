"""What the patterns of the readers must keep away from: a fault of Python's own."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import sipcli.sdp
import sipcli.sip

MODULES = [
    importlib.import_module(name)
    for package in (sipcli.sip, sipcli.sdp)
    for _, name, _ in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]
PATTERNS = {
    f"{module.__name__.removeprefix('sipcli.')}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}
ONE_CHARACTER = {"ANY", "IN", "LITERAL", "NOT_LITERAL"}
_parser = importlib.import_module("re._parser")


def possessive(node: Any) -> Iterator[Any]:
    """What is repeated possessively, anywhere in a parsed pattern."""
    for operator, arguments in node if isinstance(node, _parser.SubPattern) else ():
        if str(operator) == "POSSESSIVE_REPEAT":
            yield arguments[2]
        branches = arguments[1] if str(operator) == "BRANCH" else ()
        for inside in (*(arguments if isinstance(arguments, tuple) else ()), arguments, *branches):
            yield from possessive(inside)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_group_is_repeated_possessively(name: str) -> None:
    """`(…)*+` matches wrongly in Python 3.11.0 to 3.11.4 (gh-106052, gh-100061), and so on
    Debian 12; `(?>(…)*)` means the same and is right in all. One character may be repeated so."""
    for repeated in possessive(_parser.parse(PATTERNS[name].pattern)):
        assert {str(operator) for operator, _ in repeated} <= ONE_CHARACTER
        assert len(repeated) == 1


def test_the_search_for_such_groups_finds_them() -> None:
    assert list(possessive(_parser.parse(r"x(?:a|(b(?:cd)*+))")))
    assert list(possessive(_parser.parse(r"(?>(?:ab)?+)")))
