"""Records the sound of one call, and its figures once a second, while somebody listens."""

import asyncio
from math import sqrt
from typing import Final

from sipcli.journal.entries import SampleEntry, SoundEntry
from sipcli.journal.journal import CallJournal
from sipcli.media.pcm import Pcm
from sipcli.media.quality.level import FLOOR_DBFS, Meter, dbfs
from sipcli.media.session.audio_stream import AudioStream

INTERVAL_S: Final = 1.0
"""Seconds between two samples."""


class _LevelMeter:
    """The level of one direction since it was last asked for."""

    def __init__(self) -> None:
        self._before = (0.0, 0)

    def take_dbfs(self, meter: Meter | None) -> float:
        """Return the level of the frames measured since the last call; silence without any."""
        if meter is None:
            return FLOOR_DBFS
        (power, frames), before = meter.total, self._before
        self._before = power, frames
        if frames == before[1]:
            return FLOOR_DBFS
        return dbfs(sqrt(max(0.0, power - before[0]) / (frames - before[1])))


class Sampler:
    """Reads the figures, and is a tap for the sound, which is on the stream only while wanted.

    Call `tick` at `due`, which is in seconds of the loop's clock, and `finish` at the end.
    """

    def __init__(self, journal: CallJournal, stream: AudioStream) -> None:
        self.due = 0.0
        """When to call `tick` next: once a second, whether somebody listens or not."""
        self._call_journal = journal
        self._journal = journal.journal
        self._stream = stream
        self._time = asyncio.get_running_loop().time
        self._sent = _LevelMeter()
        self._received = _LevelMeter()

    def tick(self, now: float) -> None:
        """Record the figures; begin or stop recording the sound, as somebody wants it or not."""
        levels = self._take_levels()
        if self.due and self._journal.wants(SampleEntry):
            self._record(now, *levels)
        self._stream.watch(self if self._journal.wants(SoundEntry) else None)
        # Seconds that have passed while the loop was blocked are left out.
        missed = max(0.0, now - self.due) // INTERVAL_S if self.due else 0.0
        self.due = (self.due or now) + (missed + 1) * INTERVAL_S

    def finish(self, now: float) -> None:
        """Record the figures for the last time, of the whole call."""
        if self._journal.wants(SampleEntry):
            self._record(now, *self._take_levels())

    def write(self, sent: Pcm, received: Pcm) -> None:
        """Record the frame that was played."""
        self._journal.record(
            SoundEntry(
                at=self._journal.at(self._time()),
                call=self._call_journal.call,
                received=received.tobytes(),
            )
        )

    def close(self) -> None:
        """Do nothing: it holds nothing."""

    def _take_levels(self) -> tuple[float, float]:
        """Return the levels of what was sent and played since the last call, in dBFS."""
        sent, received = self._stream.outbound, self._stream.inbound
        return (
            self._sent.take_dbfs(sent.meter if sent is not None else None),
            self._received.take_dbfs(received.meter if received is not None else None),
        )

    def _record(self, now: float, level_sent: float, level_received: float) -> None:
        found = self._stream.statistics()
        if found is None:
            return
        self._journal.record(
            SampleEntry(
                at=self._journal.at(now),
                call=self._call_journal.call,
                packets_sent=found.packets_sent,
                packets_received=found.packets_received,
                packets_lost=found.packets_lost,
                packets_late=found.packets_late,
                concealed_ms=found.concealed_ms,
                recovered_ms=found.recovered_ms,
                jitter_ms=found.jitter_ms,
                playout_delay_ms=found.playout_delay_ms,
                rtt_ms=found.rtt_ms,
                remote_loss_percent=found.remote_loss_percent,
                remote_jitter_ms=found.remote_jitter_ms,
                level_sent_dbfs=level_sent,
                level_received_dbfs=level_received,
                mos=found.mos,
                codec=found.codec,
            )
        )
