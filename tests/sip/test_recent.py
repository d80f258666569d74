"""Parsers that remember what they parsed lately."""

import pytest

from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed
from sipcli.sip.recent import LONGEST_TEXT, MOST_RESULTS, remembering


class Parser:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> str:
        self.texts.append(text)
        if "," in text:
            raise Malformed("a comma")
        return text.upper()


def test_a_text_is_parsed_once_in_a_while() -> None:
    parser = Parser()
    parse = remembering(parser)
    assert [parse("a"), parse("a")] == ["A", "A"]
    assert parser.texts == ["a"]
    for number in range(MOST_RESULTS):
        parse(str(number))
    parse("a")
    assert parser.texts.count("a") == 2


def test_a_long_text_is_not_remembered() -> None:
    parser = Parser()
    parse = remembering(parser)
    for _ in range(2):
        parse("x" * (LONGEST_TEXT + 1))
    assert len(parser.texts) == 2


def test_a_fault_is_found_again() -> None:
    parse = remembering(Parser())
    for _ in range(2):
        with pytest.raises(Malformed):
            parse("a,b")


def test_an_address_that_comes_again_is_the_same() -> None:
    text = '"Bob" <sip:bob@example.com>;tag=1'
    assert Address.parse(text) is Address.parse(text)
