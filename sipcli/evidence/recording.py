"""What a journal tells, kept in bounded memory: for reports, JUnit files and failed tests."""

from collections.abc import Iterable
from typing import Any, Final, Self

from sipcli.evidence.kept_entries import KeptEntries
from sipcli.evidence.recorded_call import MAX_CALL_ENTRIES, RecordedCall
from sipcli.evidence.sip_record import SipRecord
from sipcli.journal.entries import (
    Entry,
    EventEntry,
    IceEntry,
    SampleEntry,
    SipEntry,
    SoundEntry,
    StepEntry,
    VerdictEntry,
)
from sipcli.journal.journal import Journal, Listener
from sipcli.phone.events import CallEnded, Calling, Incoming

FOR_LADDER: Final[tuple[type[Entry], ...]] = (SipEntry, EventEntry)
"""What a message ladder and the figures of the calls need."""
FOR_REPORT: Final[tuple[type[Entry], ...]] = (
    *FOR_LADDER,
    StepEntry,
    IceEntry,
    SampleEntry,
    SoundEntry,
    VerdictEntry,
)
"""What a report needs."""

MAX_ENTRIES: Final = 1000
"""Of each kind but SIP messages, those of a call apart."""
MAX_CALLS: Final = 100


class Recording:
    """A listener that keeps entries of a journal, those of each call apart."""

    def __init__(self) -> None:
        self.sip = SipRecord()
        """SIP messages of all calls and of none; no keep-alives."""
        self.events = KeptEntries[EventEntry](MAX_ENTRIES)
        """Events of all calls and of none."""
        self.steps = KeptEntries[StepEntry](MAX_ENTRIES)
        """Steps of connections."""
        self.verdicts = KeptEntries[VerdictEntry](MAX_ENTRIES)
        self.calls: dict[str, RecordedCall] = {}
        """Calls by their Call-ID, in the order in which they began."""
        self.calls_left_out = 0
        """Calls that there was no room for: old ones that went well, if there are any."""
        self._early_steps = _no_steps()
        """Steps of a call that is not placed yet."""
        self._journals: list[Journal] = []

    def attach(self, journal: Journal, kinds: Iterable[type[Entry]] = FOR_REPORT) -> Self:
        """Record entries of these kinds from now on."""
        self._journals.append(journal)
        for kind in kinds:
            journal.subscribe(kind, self._listener(kind))
        return self

    def detach(self) -> None:
        """Record no more."""
        for journal in self._journals:
            for kind in FOR_REPORT:
                journal.unsubscribe(self._listener(kind))
        self._journals.clear()

    def _listener(self, kind: type[Entry]) -> Listener[Any]:
        listeners: dict[type[Entry], Listener[Any]] = {
            SipEntry: self.sip.add,
            EventEntry: self._on_event,
            StepEntry: self._on_step,
            IceEntry: self._on_ice,
            SampleEntry: self._on_sample,
            SoundEntry: self._on_sound,
            VerdictEntry: self._on_verdict,
        }
        return listeners[kind]

    def _on_event(self, entry: EventEntry) -> None:
        self.events.add(entry)
        event = entry.event
        name: str = getattr(event, "call", "")
        if isinstance(event, Calling):
            early, self._early_steps = self._early_steps, _no_steps()
            self._begin(entry.at, event, early)
        elif isinstance(event, Incoming):
            self._begin(entry.at, event, _no_steps())
        call = self.calls.get(name)
        if call is not None:
            call.events.add(entry)
            call.is_over = call.is_over or isinstance(event, CallEnded)
            call.has_failed = call.has_failed or getattr(event, "failure", None) is not None

    def _on_step(self, entry: StepEntry) -> None:
        if entry.call is None:
            self.steps.add(entry)
        elif entry.call in self.calls:
            self.calls[entry.call].steps.add(entry)
        elif not entry.call:
            self._early_steps.add(entry)

    def _on_ice(self, entry: IceEntry) -> None:
        if entry.call in self.calls:
            self.calls[entry.call].ice.add(entry)

    def _on_sample(self, entry: SampleEntry) -> None:
        if entry.call in self.calls:
            self.calls[entry.call].measure(entry)

    def _on_sound(self, entry: SoundEntry) -> None:
        if entry.call in self.calls:
            self.calls[entry.call].hear(entry)

    def _on_verdict(self, entry: VerdictEntry) -> None:
        self.verdicts.add(entry)
        if entry.call in self.calls and not entry.met:
            self.calls[entry.call].has_failed = True

    def _begin(self, at: float, begin: Calling | Incoming, early: KeptEntries[StepEntry]) -> None:
        if begin.call in self.calls:
            return
        if len(self.calls) >= MAX_CALLS:
            self.calls_left_out += 1
            if not self._make_room():
                return
        self.calls[begin.call] = RecordedCall(at, begin, early)

    def _make_room(self) -> bool:
        """Drop the oldest call that is over, one that went well if there is one."""
        over = [call for call in self.calls.values() if call.is_over]
        dropped = next((call for call in over if not call.has_failed), over[0] if over else None)
        if dropped is None:
            return False
        del self.calls[dropped.id]
        return True


def _no_steps() -> KeptEntries[StepEntry]:
    return KeptEntries(MAX_CALL_ENTRIES)
