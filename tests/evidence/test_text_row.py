"""Text at columns of a terminal."""

import pytest

from sipcli.evidence.text_row import TextRow, columns_of, cut, wrapped


def shown(row: TextRow) -> str:
    return "".join(piece.text for piece in row.pieces())


def test_what_is_put_later_covers_what_was_there() -> None:
    row = TextRow(10)
    row.put(0, "abcdef", "one")
    row.put(2, "XY", "two")
    assert [(piece.text, piece.style) for piece in row.pieces()] == [
        ("ab", "one"),
        ("XY", "two"),
        ("ef", "one"),
    ]


def test_a_wide_character_takes_two_columns_and_a_combining_one_none() -> None:
    row = TextRow(6)
    row.put(0, "日e\u0301本本", "")
    assert shown(row) == "日e\u0301本"  # the last one would take columns 5 and 6
    assert columns_of("日e\u0301本") == 5


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 5, "日本…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_what_is_too_long_is_cut(text: str, width: int, expected: str) -> None:
    assert cut(text, width, "…") == expected


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, []),
        ("one two three", 7, ["one two", "three"]),
        ("a verylongword b", 5, ["a", "veryl", "ongwo", "rd b"]),
        ("日本語", 4, ["日本", "語"]),
    ],
)
def test_lines_are_broken_at_blanks_where_there_are_any(
    text: str, width: int, lines: list[str]
) -> None:
    assert list(wrapped(text, width)) == lines
