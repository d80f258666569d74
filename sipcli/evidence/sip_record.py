"""Keep SIP messages within bounds: of too many, the first and the last."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from sipcli.evidence.sip_facts import is_keep_alive, sip_facts
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal

MAX_MESSAGES: Final = 2_000
"""Messages that are kept."""
MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes of all of them."""


class SipRecord:
    """The SIP messages of a journal or a file, without keep-alives.

    How a run began and how it ended matter the most, so what is left out is in the middle.
    """

    def __init__(self, most: int = MAX_MESSAGES) -> None:
        self._most_first = most - most // 2
        self._most_last = most // 2
        self._first: list[SipEntry] = []
        self._last: deque[SipEntry] = deque()
        self._bytes_first = self._bytes_last = 0
        self.left_out = 0
        """Messages that were too many."""

    @classmethod
    def of(cls, entries: Iterable[SipEntry], most: int = MAX_MESSAGES) -> "SipRecord":
        """Return a record of some messages."""
        record = cls(most)
        for entry in entries:
            record.add(entry)
        return record

    def attach(self, journal: Journal) -> "SipRecord":
        """Keep the messages of a journal from now on; returns itself."""
        journal.subscribe(SipEntry, self.add)
        return self

    def add(self, entry: SipEntry) -> None:
        """Keep a message."""
        if is_keep_alive(entry):
            return
        size = len(entry.data)
        is_room = self._bytes_first + size <= MAX_BYTES // 2 and not self._last
        if is_room and len(self._first) < self._most_first:
            self._first.append(entry)
            self._bytes_first += size
            return
        self._last.append(entry)
        self._bytes_last += size
        while len(self._last) > self._most_last or self._bytes_last > MAX_BYTES // 2:
            self._bytes_last -= len(self._last.popleft().data)
            self.left_out += 1

    @property
    def left_out_at(self) -> int:
        """How many of the messages came before those that are left out."""
        return len(self._first)

    def __len__(self) -> int:
        return len(self._first) + len(self._last)

    def __iter__(self) -> Iterator[SipEntry]:
        yield from self._first
        yield from self._last


def with_call_id(entries: Iterable[SipEntry], call_id: str) -> Iterator[SipEntry]:
    """Yield the messages that have a Call-ID."""
    return (entry for entry in entries if sip_facts(entry).call_id == call_id)
