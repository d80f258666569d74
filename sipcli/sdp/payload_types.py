"""Payload type numbers of one dialog: once given, a number keeps its meaning (RFC 3264 §8.3.2)."""

from collections.abc import Iterable
from typing import Final

from sipcli.sdp.formats import Format, Key

_DYNAMIC: Final = (*range(96, 128), *range(35, 64))
"""The free ones, the usual ones first; 64 to 95 look like RTCP (RFC 5761 §4)."""


class PayloadTypes:
    """Both sides' numbers of one audio medium: what one side used, the other does not redefine."""

    __slots__ = ("_latest", "_meaning")

    def __init__(self) -> None:
        self._meaning: dict[int, Key] = {}
        self._latest: dict[Key, int] = {}

    def note(self, formats: Iterable[Format]) -> None:
        """Keep in mind what the far end's numbers mean."""
        for each in formats:
            self._meaning.setdefault(each.payload_type, each.key)

    def give(self, key: Key, usual: int, offered: int | None = None) -> int:
        """The number that `key` is to have in what we send.

        The offered one, else the one it had before, the usual one or any, as far as they are free.
        A far end that has used up all of them gets the usual one again.
        """
        wanted = (offered, self._latest.get(key), usual, *_DYNAMIC)
        free = (n for n in wanted if n is not None and self._meaning.get(n, key) == key)
        number = next(free, usual)
        self._meaning[number] = key
        self._latest[key] = number
        return number

    def meanings(self) -> Iterable[tuple[int, Key]]:
        """All numbers with what they mean, in either direction."""
        return self._meaning.items()
