"""A line of text that is written piece by piece, at given columns of a terminal."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

_WIDE: Final = frozenset("WF")
"""Classes of characters that take two columns (Unicode Standard Annex 11)."""
_NO_COLUMN: Final = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that are drawn upon the one before them."""


@dataclass(frozen=True, slots=True)
class StyledText:
    """A piece of a line, all of it in one style."""

    text: str
    style: str


class TextRow:
    """A line of `width` columns, blank at first."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._cells: list[tuple[str, str]] = [(" ", "")] * width

    def put(self, column: int, text: str, style: str = "") -> None:
        """Write `text` at `column`, over what is there; what does not fit is cut off."""
        for char in text:
            size = columns_of(char)
            if size == 0:
                if 0 < column <= self._width:
                    before = self._cells[column - 1]
                    self._cells[column - 1] = (before[0] + char, before[1])
                continue
            if column < 0 or column + size > self._width:
                return
            self._cells[column] = (char, style)
            if size == 2:
                self._cells[column + 1] = ("", style)
            column += size

    def pieces(self) -> Iterator[StyledText]:
        """Yield the line in pieces of one style, without blanks at its end."""
        end = len(self._cells)
        while end and self._cells[end - 1][0] == " ":
            end -= 1
        for style, cells in groupby(self._cells[:end], key=itemgetter(1)):
            yield StyledText("".join(text for text, _ in cells), style)


def columns_of(text: str) -> int:
    """Return how many columns a terminal needs for `text`, which has no control characters."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(char) in _NO_COLUMN
        else 2
        if unicodedata.east_asian_width(char) in _WIDE
        else 1
        for char in text
    )


def cut(text: str, width: int, mark: str) -> str:
    """Return `text` if it fits into `width` columns, else its start and `mark`."""
    if columns_of(text) <= width:
        return text
    room = max(width - len(mark), 0)
    kept = []
    for char in text:
        room -= columns_of(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept) + (mark if width > 0 else "")


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield `text` in lines of at most `width` columns, broken at blanks where there are any."""
    width = max(width, 2)
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if columns_of(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        line = word
        while columns_of(line) > width:
            head = cut(line, width, "")
            yield head
            line = line[len(head) :]
    if line:
        yield line
