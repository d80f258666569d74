"""What may be written for digits."""

import pytest

from sipcli.media.dtmf.dtmf_digits import InvalidDigits, Pause, parse_digits


def test_digits_and_pauses_are_read_in_order() -> None:
    assert parse_digits("1*,#w0") == ("1", "*", Pause(2.0), "#", Pause(0.5), "0")


def test_letters_may_be_small() -> None:
    assert parse_digits("aBcD") == ("A", "B", "C", "D")


def test_nothing_is_nothing() -> None:
    assert parse_digits("") == ()


@pytest.mark.parametrize("text", ["!", "12e", "1 2", "W", "１", "ß"])
def test_anything_else_is_refused_and_named(text: str) -> None:
    with pytest.raises(InvalidDigits, match="is not a digit: use 0-9"):
        parse_digits(text)
