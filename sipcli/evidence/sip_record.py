"""The SIP messages of a journal or a file, within bounds."""

from collections.abc import Iterable, Iterator
from typing import Final, Self

from sipcli.evidence.kept_entries import KeptEntries
from sipcli.evidence.sip_facts import is_keep_alive, sip_facts
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal

MAX_MESSAGES: Final = 2_000
MAX_MESSAGE_BYTES: Final = 8_000_000
"""Of all messages together."""


class SipRecord(KeptEntries[SipEntry]):
    """SIP messages, without keep-alives."""

    def __init__(self, most: int = MAX_MESSAGES) -> None:
        super().__init__(most, MAX_MESSAGE_BYTES, lambda entry: len(entry.data))

    @classmethod
    def of(cls, entries: Iterable[SipEntry], most: int = MAX_MESSAGES) -> Self:
        """Return a record of some messages."""
        record = cls(most)
        for entry in entries:
            record.add(entry)
        return record

    def attach(self, journal: Journal) -> Self:
        """Keep the messages of a journal from now on; returns itself."""
        journal.subscribe(SipEntry, self.add)
        return self

    def add(self, entry: SipEntry) -> None:
        """Keep a message."""
        if not is_keep_alive(entry):
            super().add(entry)


def with_call_id(entries: Iterable[SipEntry], call_id: str) -> Iterator[SipEntry]:
    """Yield the messages that have a Call-ID."""
    return (entry for entry in entries if sip_facts(entry).call_id == call_id)
