"""Assign payload types in a dialog: a number, once used, keeps its meaning (RFC 3264 §8.3.2)."""

from collections.abc import Iterable
from typing import Final

from sipcli.sdp.formats import Format, Key

_DYNAMIC: Final = (*range(96, 128), *range(35, 64))
"""The dynamic ones, the usual ones first; without 64 to 95, which look like RTCP (RFC 5761 §4)."""


class PayloadTypes:
    """Both sides' payload types of one audio medium: neither redefines what the other has used."""

    __slots__ = ("_latest", "_meaning")

    def __init__(self) -> None:
        self._meaning: dict[int, Key] = {}
        self._latest: dict[Key, int] = {}

    def note(self, formats: Iterable[Format]) -> None:
        """Remember the meaning of the far end's numbers."""
        for each in formats:
            self._meaning.setdefault(each.payload_type, each.key)

    def give(self, key: Key, usual: int, offered: int | None = None) -> int:
        """Return the number for `key` in our descriptions.

        The offered one, else the one it had before, the usual one, or any, whichever is free
        first. If the far end has used up all numbers, the usual one again.
        """
        wanted = (offered, self._latest.get(key), usual, *_DYNAMIC)
        free = (n for n in wanted if n is not None and self._meaning.get(n, key) == key)
        number = next(free, usual)
        self._meaning[number] = key
        self._latest[key] = number
        return number

    def meanings(self) -> Iterable[tuple[int, Key]]:
        """Return all numbers with their meanings, of both directions."""
        return self._meaning.items()
