"""Parsers that remember their latest results: the messages of a dialog repeat the same texts."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

T = TypeVar("T")

MOST_RESULTS: Final = 512
"""Results that one parser remembers."""
LONGEST_TEXT: Final = 256
"""Characters of a text whose result is remembered: a peer must not fill the memory."""


def remembering(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Return `parse` with a memory; what it returns has to be immutable. Faults are raised anew."""
    known = lru_cache(MOST_RESULTS)(parse)

    def parse_or_recall(text: str) -> T:
        return known(text) if len(text) <= LONGEST_TEXT else parse(text)

    return parse_or_recall
