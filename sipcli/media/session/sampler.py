"""Records the sound of one call, and its figures once a second, while somebody listens."""

import asyncio
from typing import Final

import numpy as np

from sipcli.journal.entries import SampleEntry, SoundEntry
from sipcli.journal.journal import CallJournal
from sipcli.media.pcm import Pcm
from sipcli.media.quality.level import dbfs
from sipcli.media.session.audio_stream import AudioStream

INTERVAL_S: Final = 1.0
"""Seconds between two samples."""


class _Level:
    """The level of one direction since it was last asked for."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._samples = 0

    def add(self, pcm: Pcm) -> None:
        wave = pcm.astype(np.float32)
        self._energy += float(np.dot(wave, wave))
        self._samples += len(pcm)

    def take_dbfs(self) -> float:
        """Return the level, and start again."""
        power = self._energy / self._samples if self._samples else 0.0
        self._energy, self._samples = 0.0, 0
        return dbfs(power**0.5)


class Sampler:
    """The tap that records for the journal. It is on the stream only while somebody listens.

    Call `look` at `due`, which is in seconds of the loop's clock, and `finish` at the end.
    """

    def __init__(self, journal: CallJournal, stream: AudioStream) -> None:
        self.due = 0.0
        """When to call `look` next: once a second, whether somebody listens or not."""
        self._call_journal = journal
        self._journal = journal.journal
        self._stream = stream
        self._time = asyncio.get_running_loop().time
        self._sent = _Level()
        self._received = _Level()
        self._samples = False
        """True if samples were wanted during the last second, or the part of it since the begin."""
        self._sounds = False

    def look(self, now: float) -> None:
        """Record the figures, and look whether somebody (still) listens."""
        if self._samples:
            self._record(now)
        self._samples = self._journal.wants(SampleEntry)
        self._sounds = self._journal.wants(SoundEntry)
        self._stream.watch(self if self._samples or self._sounds else None)
        # Seconds that have passed while the loop was blocked are left out.
        missed = max(0.0, now - self.due) // INTERVAL_S if self.due else 0.0
        self.due = (self.due or now) + (missed + 1) * INTERVAL_S

    def finish(self, now: float) -> None:
        """Record the figures for the last time, of the whole call."""
        if self._journal.wants(SampleEntry):
            self._record(now)

    def write(self, sent: Pcm, received: Pcm) -> None:
        """Take a frame of each direction."""
        if self._samples:
            self._sent.add(sent)
            self._received.add(received)
        if self._sounds:
            self._journal.record(
                SoundEntry(
                    at=self._journal.at(self._time()),
                    call=self._call_journal.call,
                    sent=sent.tobytes(),
                    received=received.tobytes(),
                )
            )

    def close(self) -> None:
        """Do nothing: it holds nothing."""

    def _record(self, now: float) -> None:
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
                level_sent_dbfs=self._sent.take_dbfs(),
                level_received_dbfs=self._received.take_dbfs(),
                mos=found.mos,
                codec=found.codec,
            )
        )
