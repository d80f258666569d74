"""Entries of the journal for tests, and what a journal records."""

from typing import Any, Literal, TypeVar

from sipcli.journal.entries import Entry, SipEntry
from sipcli.journal.journal import Journal

E = TypeVar("E", bound=Entry)


def recorded_in(journal: Journal, kind: type[E]) -> list[E]:
    """What the journal records of this kind from now on."""
    told: list[E] = []
    journal.subscribe(kind, told.append)
    return told


def sip_entry(
    direction: Literal["sent", "received"], data: bytes, server: str = "ws://a", **changes: Any
) -> SipEntry:
    """A message between a phone at 192.0.2.1 and a server at 192.0.2.2."""
    usual: dict[str, Any] = {
        "at": 1_800_000_000.0,
        "direction": direction,
        "local": ("192.0.2.1", 40_000),
        "remote": ("192.0.2.2", 8080),
        "transport": "ws",
        "server": server,
        "data": data,
    }
    return SipEntry(**usual | changes)


def record_sent(journal: Journal, data: bytes, server: str = "ws://a") -> None:
    """Record a message that was sent."""
    journal.record(sip_entry("sent", data, server))


def record_received(journal: Journal, data: bytes, server: str = "ws://a") -> None:
    """Record a message that was received."""
    journal.record(sip_entry("received", data, server))
