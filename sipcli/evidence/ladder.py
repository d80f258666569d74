"""The message ladder as a model: parties, and an arrow for each message between them.

`ladder_text.py` draws it as text; reports draw it as HTML and Mermaid. It is made of entries as the
journal has them, or as a capture has them with their secrets masked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sipcli.evidence.ladder_dialogs import (
    Forks,
    IceRestarts,
    Repetitions,
    call_numbers,
    sdp_roles,
    session_description,
)
from sipcli.evidence.ladder_parties import LadderParties, LadderParty
from sipcli.evidence.ladder_words import MessageKind, kind_of, label_of, notes_of
from sipcli.evidence.sdp_summary import SdpSummary, sdp_summary
from sipcli.evidence.sip_facts import SipFacts, sip_facts
from sipcli.evidence.sip_record import MAX_MESSAGES, SipRecord
from sipcli.journal.entries import SipEntry
from sipcli.log import masked

MAX_TEXT: Final = 65_536
"""Bytes of a message that `LadderMessage.text` shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderMessage:
    """A message on its way from one party to another."""

    entry: SipEntry
    """As recorded: it may hold secrets; `text` holds none."""
    since_s: float
    """Seconds since the first message."""
    gap_s: float
    """Seconds since the message before."""
    source: int
    """The party that sent it, as an index of `Ladder.parties`."""
    target: int
    kind: MessageKind
    label: str
    """In short: `INVITE`, `re-INVITE`, `180 Ringing (INVITE)`."""
    method: str
    """Of the request, or of the request that a response answers; empty if unknown."""
    status: int | None
    """Of a response; 0 if it cannot be read, None for all else."""
    call_id: str | None
    call: int | None
    """The number of its call, from 1; None if it belongs to none."""
    fork: int | None
    """The number of its branch where an INVITE has forked, from 1; else None."""
    again: int
    """How many times it had been sent before, to the same party; 0 if it is new."""
    sdp: SdpSummary | None
    has_known_sdp: bool
    """True if the same offer or answer was in an earlier message of its call."""
    notes: tuple[str, ...]
    """What matters in its header fields, without secrets."""

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells it from others of the same label: its fork, and that it was sent before."""
        fork = (f"fork {self.fork}",) if self.fork is not None else ()
        again = (f"again ×{self.again}" if self.again > 1 else "again",) if self.again else ()
        return (*fork, *again)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that is to be said besides the label, each on one line: `marks`, notes, and what it
        describes; of a repetition no more than its marks.
        """
        if self.again:
            return self.marks
        if self.sdp is None:
            return (*self.marks, *self.notes)
        sdp = f"{self.sdp.word}: as before" if self.has_known_sdp else str(self.sdp)
        return (*self.marks, *self.notes, sdp)

    @property
    def text(self) -> str:
        """The message for display, lines separated by LF: secrets masked, controls escaped."""
        data = self.entry.data
        more = len(data) - MAX_TEXT
        return masked(data[:MAX_TEXT]) + (f"\n({more} more bytes)" if more > 0 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The messages between some parties, in order of time."""

    parties: tuple[LadderParty, ...]
    """In order of appearance."""
    messages: tuple[LadderMessage, ...]
    calls: tuple[str, ...]
    """The Call-ID of each call, in order of `LadderMessage.call`."""
    left_out: int
    """Messages that were too many."""
    left_out_at: int
    """The index in `messages` before which they stood."""


def ladder_of(entries: Iterable[SipEntry], most: int = MAX_MESSAGES) -> Ladder:
    """Return the ladder of some messages, in their order; keep-alives are left out.

    If there are more than `most`, those in the middle are left out, as they may be in a `SipRecord`
    already. Never raises, whatever the messages hold. Takes time in proportion to their size.
    """
    record = entries if isinstance(entries, SipRecord) else SipRecord.of(entries, most)
    facts = [sip_facts(each) for each in record]
    parties = LadderParties(facts)
    calls = call_numbers(facts)
    return Ladder(
        parties=parties.all,
        messages=tuple(_messages(facts, parties, calls)),
        calls=tuple(calls),
        left_out=record.left_out,
        left_out_at=record.left_out_at,
    )


def _messages(
    facts: Sequence[SipFacts], parties: LadderParties, calls: dict[str, int]
) -> Iterable[LadderMessage]:
    forks, repetitions, restarts = Forks(facts), Repetitions(), IceRestarts()
    descriptions = set[tuple[object, ...]]()
    began = before = facts[0].entry.at if facts else 0.0
    for each, role in zip(facts, sdp_roles(facts), strict=True):
        source, target = parties.ends(each.entry)
        description = session_description(each)
        known = (each.call_id, role, description)
        sdp = None if description is None else sdp_summary(description, role)
        restart = ("ICE restart",) if sdp is not None and restarts.is_one(each, sdp) else ()
        yield LadderMessage(
            entry=each.entry,
            since_s=each.entry.at - began,
            gap_s=each.entry.at - before,
            source=source,
            target=target,
            kind=kind_of(each),
            label=label_of(each),
            method=each.method,
            status=each.status,
            call_id=each.call_id,
            call=calls.get(each.call_id or ""),
            fork=forks.number(each),
            again=repetitions.count(each, (source, target)),
            sdp=sdp,
            has_known_sdp=known in descriptions,
            notes=(*notes_of(each), *restart),
        )
        before = each.entry.at
        if description is not None:
            descriptions.add(known)
