"""The journal: who is told of what, and what happens to a listener that fails."""

import logging
import time

import pytest

from sipcli.errors import Phase
from sipcli.journal.entries import Entry, PacketEntry, StepEntry
from sipcli.journal.journal import CallJournal, Journal, PartialJournal

HERE, THERE = ("192.0.2.1", 4000), ("192.0.2.2", 5000)


def test_a_listener_is_told_of_its_kind_alone() -> None:
    journal, told = Journal(), list[Entry]()
    assert not journal.wants(StepEntry)
    journal.subscribe(StepEntry, told.append)
    assert journal.wants(StepEntry)
    assert not journal.wants(PacketEntry)
    call = CallJournal(journal, lambda: "a")
    call.step(Phase.ICE, "begun")
    call.packet("sent", HERE, THERE, b"\x80", 1.0, is_rtcp=False)
    assert [(type(each), each.phase) for each in told if isinstance(each, StepEntry)] == [
        (StepEntry, Phase.ICE)
    ]
    assert len(told) == 1


def test_nobody_is_told_after_unsubscribing() -> None:
    journal, told = Journal(), list[Entry]()
    journal.subscribe(StepEntry, told.append)
    journal.unsubscribe(told.append)
    CallJournal(journal, lambda: "a").step(Phase.ICE, "begun")
    assert not journal.wants(StepEntry)
    assert told == []


def test_the_wish_for_packets_follows_those_who_listen_to_them() -> None:
    journal, told = Journal(), list[Entry]()
    journal.subscribe(StepEntry, told.append)
    assert not journal.wants_packets
    journal.subscribe(PacketEntry, told.append)
    assert journal.wants_packets
    journal.unsubscribe(told.append)
    assert not journal.wants_packets


def test_times_are_of_the_day_and_in_order() -> None:
    journal = Journal()
    assert journal.now() == pytest.approx(time.time(), abs=60)
    assert journal.at(time.monotonic()) <= journal.now()


def test_a_listener_that_fails_is_told_no_more_and_the_others_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    journal, told = Journal(), list[Entry]()

    def fail(_entry: StepEntry) -> None:
        raise ValueError("no")

    journal.subscribe(StepEntry, fail)
    journal.subscribe(StepEntry, told.append)
    call = CallJournal(journal, lambda: "a")
    with caplog.at_level(logging.ERROR):
        call.step(Phase.ICE, "begun")
        call.step(Phase.ICE, "done")
    assert len(told) == 2
    assert len(caplog.records) == 1


def test_a_partial_journal_passes_on_its_kinds_alone() -> None:
    journal, told = Journal(), list[Entry]()
    part = PartialJournal(journal, PacketEntry)
    assert not part.wants(PacketEntry)
    assert not part.wants_packets
    journal.subscribe(PacketEntry, told.append)
    journal.subscribe(StepEntry, told.append)
    assert part.wants(PacketEntry)
    assert part.wants_packets
    assert PartialJournal(journal, PacketEntry).wants_packets, "also if it is made later"
    assert not PartialJournal(journal, StepEntry).wants_packets
    assert not part.wants(StepEntry)
    call = CallJournal(part, lambda: "a")
    call.step(Phase.ICE, "begun")
    call.packet("sent", HERE, THERE, b"\x80", 1.0, is_rtcp=False)
    part.record(told[0])
    assert [type(each) for each in told] == [PacketEntry, PacketEntry]
    journal.unsubscribe(told.append)
    assert not part.wants_packets
