"""Keep entries of a journal within bounds."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from sipcli.journal.entries import Entry

E = TypeVar("E", bound=Entry)


class KeptEntries(Generic[E]):
    """The first and the last of many entries: how it began, and how it ended."""

    def __init__(
        self,
        limit: int,
        limit_bytes: int | None = None,
        size: Callable[[E], int] = lambda _entry: 0,
    ) -> None:
        """Keep `limit` entries at most, and no more than `limit_bytes` by their `size`."""
        self.left_out = 0
        """Entries from the middle that are not kept."""
        self._limit = limit // 2
        self._limit_bytes = limit_bytes // 2 if limit_bytes is not None else None
        self._size = size
        self._first: list[E] = []
        self._first_bytes = 0
        self._is_first_full = False
        self._last: deque[E] = deque()
        self._last_bytes = 0

    def add(self, entry: E) -> None:
        """Keep this entry, and drop older ones from the middle where there is no room."""
        size = self._size(entry)
        if not self._is_first_full and self._fits(len(self._first) + 1, self._first_bytes + size):
            self._first.append(entry)
            self._first_bytes += size
            return
        self._is_first_full = True
        self._last.append(entry)
        self._last_bytes += size
        while not self._fits(len(self._last), self._last_bytes):
            self._last_bytes -= self._size(self._last.popleft())
            self.left_out += 1

    @property
    def left_out_at(self) -> int:
        """How many of the entries came before those that are left out."""
        return len(self._first)

    def __iter__(self) -> Iterator[E]:
        yield from self._first
        yield from self._last

    def __len__(self) -> int:
        return len(self._first) + len(self._last)

    def _fits(self, count: int, size: int) -> bool:
        return count <= self._limit and (self._limit_bytes is None or size <= self._limit_bytes)
