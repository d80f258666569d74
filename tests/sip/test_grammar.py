"""Tokens, quoted strings, numbers and lists."""

import pytest

from sipcli.sip.grammar import (
    Malformed,
    integer,
    quote,
    quoted_string,
    skip_blanks,
    split_list,
    token,
)


def test_blanks_are_the_four_of_sip_and_no_others() -> None:
    assert skip_blanks("a \t\r\n b", 1) == 6
    assert skip_blanks("\xa0b", 0) == 0


@pytest.mark.parametrize("text", ["", "a b", "é", "a\n", "a;b"])
def test_a_token_has_no_separators(text: str) -> None:
    assert token("a-.!%*_+`'~1") == "a-.!%*_+`'~1"
    with pytest.raises(Malformed, match="not a token"):
        token(text)


def test_quoted_pairs_are_resolved() -> None:
    assert quoted_string(r'x"a\"b\\c\d" y', 1) == (r'a"b\cd', 12)


@pytest.mark.parametrize("text", ['"abc', '"abc\\"', '"abc\\', '"'])
def test_a_quoted_string_has_to_be_closed(text: str) -> None:
    with pytest.raises(Malformed, match="not closed"):
        quoted_string(text, 0)


def test_a_quoted_string_has_to_be_opened() -> None:
    with pytest.raises(Malformed, match="opening quote"):
        quoted_string("abc", 0)


def test_quotes_and_backslashes_are_escaped() -> None:
    assert quote('say "hi" \\o/') == r'"say \"hi\" \\o/"'


@pytest.mark.parametrize("bad", ["\r", "\n", "\0"])
def test_what_no_header_may_hold_is_not_quoted(bad: str) -> None:
    with pytest.raises(Malformed) as caught:
        quote(f"abc{bad}d")
    assert caught.value.offset == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("70", 70), ("0000000000000000000000000000000255", 255), ("255", 255)],
)
def test_numbers_are_read_with_leading_zeros(text: str, number: int) -> None:
    assert integer(text, 0, 255, "it") == number


@pytest.mark.parametrize("text", ["", "+1", "-1", "1_0", " 1", "1 ", "1.0", "0x1", "٣", "²"])
def test_a_number_is_ascii_digits_only(text: str) -> None:
    with pytest.raises(Malformed, match="it is not a number"):
        integer(text, 0, 255, "it")


@pytest.mark.parametrize("text", ["256", "4", "0", "1" + "0" * 30, "9" * 60000])
def test_a_number_out_of_its_range_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="it is not between 5 and 255"):
        integer(text, 5, 255, "it")


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("", []),
        ("  ", []),
        (" a ", ["a"]),
        (" a , b,,c ,", ["a", "b", "c"]),
        ('"a,b" <sip:x>, "c\\",d" <sip:y>', ['"a,b" <sip:x>', '"c\\",d" <sip:y>']),
        ("<sip:a,b@c>, <sip:d>", ["<sip:a,b@c>", "<sip:d>"]),
        ('<sip:a"b>, "<" <sip:d>', ['<sip:a"b>', '"<" <sip:d>']),
        ('a="x,y";b, c', ['a="x,y";b', "c"]),
        (',<a>,"b",', ["<a>", '"b"']),
        ("a, >, b", ["a", ">", "b"]),
    ],
)
def test_lists_are_split_at_commas_outside_of_quotes_and_brackets(
    text: str, elements: list[str]
) -> None:
    assert split_list(text) == elements


@pytest.mark.parametrize("rest", ['"b, c', "<b, c", '"b\\", c', 'x"y, c'])
def test_what_is_not_closed_takes_the_rest_of_the_list(rest: str) -> None:
    assert split_list(f"a, {rest}") == ["a", rest]
