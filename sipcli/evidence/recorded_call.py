"""What a recording keeps of one call."""

from typing import Final, TypeVar

from sipcli.evidence.kept_entries import KeptEntries
from sipcli.journal.entries import EventEntry, IceEntry, SampleEntry, SoundEntry, StepEntry
from sipcli.media.pcm import from_bytes
from sipcli.media.quality.level import AUDIBLE_DBFS, dbfs, rms
from sipcli.media.quality.spectrogram import SpectrogramMeter
from sipcli.phone.events import Calling, Incoming

T = TypeVar("T")

MAX_SAMPLES: Final = 1200
"""At this many, every other one is dropped: the rest still cover the whole call evenly."""
MAX_CALL_ENTRIES: Final = 300
"""Of each other kind: the first and the last."""


class SampleSeries:
    """The samples of a call of any length, evenly thinned out."""

    def __init__(self) -> None:
        self._kept: list[SampleEntry] = []
        self._every = 1
        self._since_kept = 0
        self._latest: SampleEntry | None = None

    def add(self, entry: SampleEntry) -> None:
        """Add the next sample."""
        self._latest = entry
        self._since_kept += 1
        if self._since_kept < self._every:
            return
        self._since_kept = 0
        self._kept.append(entry)
        if len(self._kept) >= MAX_SAMPLES:
            self._kept = self._kept[1::2]
            self._every *= 2

    def read(self) -> tuple[SampleEntry, ...]:
        """Return the samples that are kept, and the latest in any case."""
        if self._latest is None or (self._kept and self._kept[-1] is self._latest):
            return tuple(self._kept)
        return (*self._kept, self._latest)


class RecordedCall:
    """What is kept of one call, in bounded memory."""

    def __init__(self, at: float, begin: Calling | Incoming, steps: KeptEntries[StepEntry]) -> None:
        """Record the call that has begun `at` this time, after the first of its `steps`."""
        self.id = begin.call
        self.began_at = at
        self.begin = begin
        self.events = KeptEntries[EventEntry](MAX_CALL_ENTRIES)
        self.steps = steps
        self.ice = KeptEntries[IceEntry](MAX_CALL_ENTRIES)
        self.samples = SampleSeries()
        self.spectrogram = SpectrogramMeter()
        """Of what was heard."""
        self.heard_since: float | None = None
        """The time of the first sound entry; None without one."""
        self.first_sound_at: float | None = None
        """When something audible was heard first; None if nothing was."""
        self.is_over = False
        self.has_failed = False

    def first(self, kind: type[T]) -> tuple[float, T] | None:
        """Return the time and the first event of a kind; None if there was none."""
        for entry in self.events:
            if isinstance(entry.event, kind):
                return entry.at, entry.event
        return None

    def measure(self, entry: SampleEntry) -> None:
        """Take a sample."""
        self.samples.add(entry)
        if self.first_sound_at is None and entry.level_received_dbfs > AUDIBLE_DBFS:
            self.first_sound_at = entry.at

    def hear(self, entry: SoundEntry) -> None:
        """Take 20 ms of sound."""
        received = from_bytes(entry.received)
        if self.heard_since is None:
            self.heard_since = entry.at
        if self.first_sound_at is None and dbfs(rms(received)) > AUDIBLE_DBFS:
            self.first_sound_at = entry.at
        self.spectrogram.add(received)
