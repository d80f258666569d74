"""The jitter buffer: packets in as they arrive, sound out on request.

`DelayEstimator.wanted` says how long to wait, `DelayControl` changes the delay without a click, and
the codec's `Decoder.conceal` and `Decoder.decode_fec` replace lost packets; this class only decides
which of them is due.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from sipcli.media.codecs.codec import Decoder
from sipcli.media.codecs.comfort_noise import ComfortNoiseDecoder
from sipcli.media.jitter_buffer.delay_control import DelayControl
from sipcli.media.jitter_buffer.delay_estimator import DelayEstimator
from sipcli.media.jitter_buffer.packet_queue import PacketQueue, QueuedPacket
from sipcli.media.jitter_buffer.time_scale import NEEDED
from sipcli.media.jitter_buffer.timeline import Timeline
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm, silence
from sipcli.media.rtp.packet import RtpPacket, sequence_difference
from sipcli.media.rtp.remarks import joined

MAX_PACKETS: Final = 100
MAX_QUEUE: Final = RATE // 2
"""Samples: sound that would wait longer than half a second is dropped."""
_STALL_TIMEOUT: Final = RATE // 5
"""Samples: after 200 ms without a packet the stream counts as stopped."""
_MAX_OVERDUE: Final = RATE // 10
"""Samples: when the stream starts, packets up to 100 ms overdue are still played."""
_ROUNDING: Final = RATE // 400
"""Samples: a gap shorter than 2.5 ms does not count."""
_MAX_PIECE: Final = 5760
"""Maximum samples that a decoder conceals at once."""
_SMOOTHING: Final = 1 / 50
"""The weight of a packet in the smoothed delay."""
_SKIPPED: Final = 64
"""Packets without sound whose sequence numbers are remembered."""
_KNOWN: Final = 64
"""Packets whose positions are remembered."""
_OLDEST_COPY: Final = RATE // 10
"""Samples: redundant copies of packets older than this are not used."""

RedundantPayload: TypeAlias = tuple[int, bytes]
"""How many samples at 48 kHz it is older than its packet's sound, and the payload."""


@dataclass(slots=True)
class PlayoutCounts:
    """Counters of the sound played, in samples at 48 kHz, and of the packets."""

    played: int = 0
    """Samples from packets that arrived in time."""
    recovered: int = 0
    """Samples from forward error correction, or from redundant copies (RFC 2198)."""
    concealed: int = 0
    """Samples concealed for packets that were lost or late."""
    concealments: int = 0
    """Runs of concealed samples."""
    paused: int = 0
    """Samples for which the sender had nothing to send."""
    late: int = 0
    """Packets that arrived too late to be played."""
    duplicate: int = 0
    """Packets with the position of another one."""
    overflowed: int = 0
    """Packets dropped because too many were waiting."""
    undecodable: int = 0
    """Packets that could not be decoded or placed."""


class JitterBuffer:
    """Plays one stream, which may change its source and codec, and pause.

    Time is `now`, in seconds of a monotonic clock, for arrivals and reads alike; the sender's may
    run faster or slower.
    """

    def __init__(self) -> None:
        self.counts = PlayoutCounts()
        self.delay_control = DelayControl()
        self.delay_s = 0.0
        """Smoothed time from a packet's arrival to the playing of its first sample, in seconds."""
        self._delays = DelayEstimator()
        self._timeline = Timeline(self._delays)
        self._queue = PacketQueue()
        self._skipped: deque[int] = deque(maxlen=_SKIPPED)
        """Sequence numbers of received packets without sound."""
        self._known: deque[int] = deque(maxlen=_KNOWN)
        """Positions of the received packets, including redundant copies."""
        self._newest: QueuedPacket | None = None
        self._stretch_begin = 0
        """The position of the first packet since the timestamps jumped."""
        self._running = False
        self._next = 0
        """The position of the next sample to be decoded."""
        self._stalled = 0
        """Samples concealed at `_next` while the queue was empty, for a reason yet unknown."""
        self._held: Pcm = silence(0)
        """Decoded sound that has not been read yet."""
        self._last: QueuedPacket | None = None
        """The last decoded packet; None after a start and after packets were dropped."""
        self._decoder: Decoder = ComfortNoiseDecoder()
        """The decoder of the last packet."""
        self._concealing = False
        self._read_at = 0.0
        """When the last sound was read, in seconds."""
        self._fec = (0, 0)
        """The begin and the end of the last sound recovered by forward error correction."""

    def add_packet(
        self,
        packet: RtpPacket,
        scale: int,
        decoder: Decoder,
        now: float,
        redundant: tuple[RedundantPayload, ...] = (),
    ) -> str | None:
        """Add an audio packet; `scale` is the number of samples at 48 kHz in a timestamp unit.

        `redundant` are its copies of earlier packets, the latest first. Returns what became of it,
        if that is worth a note.
        """
        samples = decoder.samples(packet.payload)
        if samples == 0:
            self.counts.undecodable += 1
            self.skip_packet(packet)
            return "not decodable"
        position = self._timeline.place(packet, scale, samples, now)
        if position is None:
            self.counts.undecodable += 1
            return "its timestamp does not fit its sequence number"
        waiting = QueuedPacket(
            position, samples, packet.payload, decoder, packet.sequence, self._timeline.stretch, now
        )
        if self._newest is None or self._newest.stretch != waiting.stretch:
            self._stretch_begin = position
        self._learn(waiting)
        remark = None
        if self._is_past(waiting):
            self.counts.late += 1
            remark = self._lateness(waiting, now)
        elif not self._queue.add(waiting):
            self.counts.duplicate += 1
            remark = "its sound was there already"
        recovered = self._add_redundant(waiting, redundant) if redundant else 0
        if recovered:
            remark = joined(remark, f"{recovered} recovered from copies (RED)")
        self._known.append(position)
        if len(self._queue) > MAX_PACKETS or self._queue.span > MAX_QUEUE:
            remark = joined(remark, self._drop_oldest())
        return remark

    def _lateness(self, waiting: QueuedPacket, now: float) -> str:
        """Return by how much a packet missed its time, and what was played instead."""
        since = (self._next + self._stalled - waiting.position) / RATE - FRAME_S
        late_ms = max(1, round((now - self._read_at + since) * 1000))
        if waiting.position in self._known:
            return f"late by {late_ms} ms, a copy was in time (RED)"
        begin, end = self._fec
        if begin <= waiting.position < end:
            return f"late by {late_ms} ms, recovered (FEC)"
        return f"late by {late_ms} ms, concealed"

    def _add_redundant(self, primary: QueuedPacket, redundant: tuple[RedundantPayload, ...]) -> int:
        """Put the copies that arrived with `primary` in the place of missing packets.

        Returns how many.
        """
        recovered = 0
        for offset, payload in redundant:
            position = primary.position - offset
            is_known = position in self._known or position < self._stretch_begin
            samples = 0 if is_known else primary.decoder.samples(payload)
            if samples == 0 or offset > _OLDEST_COPY:
                continue
            waiting = primary._replace(
                position=position,
                samples=samples,
                payload=payload,
                sequence=(primary.sequence - round(offset / samples)) & 0xFFFF,
                redundant=True,
            )
            self._known.append(position)
            transit = waiting.arrival - position / RATE
            self._delays.add_replacement(transit)
            # A gap that is concealed already and not worth the wait must not delay the rest.
            is_unwanted = self._stalled > 0 and transit > self._delays.wanted
            if not (is_unwanted or self._is_past(waiting)):
                recovered += self._queue.add(waiting)
        return recovered

    def _is_past(self, waiting: QueuedPacket) -> bool:
        """Return True if its sound should have been played already."""
        return self._running and waiting.end < self._next + _ROUNDING

    @property
    def max_wait_s(self) -> float:
        """The current wait of the fastest packet, in seconds."""
        return max(0.0, self._delays.wanted - self._delays.fastest)

    def skip_packet(self, packet: RtpPacket) -> None:
        """Count a packet without sound (padding, telephone-event, unknown) as received.

        Else its sequence number would count as lost.
        """
        self._skipped.append(packet.sequence)

    def read(self, now: float, samples: int = FRAME) -> Pcm:
        """Return the next `samples` of sound, at 48 kHz."""
        self._read_at = now
        pcm = self._extend(self._held, now, samples)
        if self.delay_control.pending:
            while len(pcm) < NEEDED and self._running and self._queue.first is not None:
                pcm = np.concatenate((pcm, self._produce(now, samples, len(pcm))))
            pcm = self._extend(self.delay_control.apply(pcm, samples), now, samples)
        self._held = pcm[samples:]
        return pcm[:samples]

    def _extend(self, pcm: Pcm, now: float, samples: int) -> Pcm:
        """Return `pcm`, extended to at least `samples`."""
        while len(pcm) < samples:
            piece = self._produce(now, samples, len(pcm))
            pcm = np.concatenate((pcm, piece)) if len(pcm) else piece
        return pcm

    def _learn(self, waiting: QueuedPacket) -> None:
        """Add its transit time, also as a replacement if it can replace a lost packet before it."""
        transit = waiting.arrival - waiting.position / RATE
        if self.counts.played == 0 and transit < self._delays.fastest:
            # Packets held until the SRTP keys were known arrive at once: that was not the network.
            self._delays.forget()
        self._delays.add(transit)
        newest = self._newest
        if newest is not None and waiting.position <= newest.position:
            return
        self._newest = waiting
        if (
            newest is not None
            and waiting.position - newest.end >= _ROUNDING
            and self._lost_between(newest, waiting)
            and (waiting.decoder.looks_ahead or waiting.decoder.has_fec(waiting.payload))
        ):
            begin = waiting.position - waiting.samples
            self._delays.add_replacement(waiting.arrival - begin / RATE)

    def _lost_between(self, one: QueuedPacket, other: QueuedPacket) -> int:
        """Return how many packets are missing between the two, by their sequence numbers."""
        if one.stretch != other.stretch:
            return 0
        missing = sequence_difference(other.sequence, one.sequence) - 1
        if missing <= 0:
            return 0
        return missing - sum(
            0 < sequence_difference(sequence, one.sequence) <= missing for sequence in self._skipped
        )

    def _drop_oldest(self) -> str:
        """Drop the oldest of too many packets, and continue with the others. Returns a remark."""
        before = self.counts.overflowed
        while len(self._queue) > MAX_PACKETS or self._queue.span > MAX_QUEUE:
            self._queue.pop()
            self.counts.overflowed += 1
        if (first := self._queue.first) is not None:
            self._next = max(self._next, first.position)
            self._last = None
        return f"too many packets wait: the oldest {self.counts.overflowed - before} are dropped"

    def _produce(self, now: float, samples: int, held: int) -> Pcm:
        """Return a piece of sound of any length; if it is empty, call again."""
        if not self._running and not self._start(now):
            return silence(samples - held)
        first = self._queue.first
        if first is None:
            return self._starve(samples - held)
        gap = first.position - self._next
        if gap >= _ROUNDING:
            return self._bridge(first, gap, samples)
        return self._play(now, samples, held)

    def _start(self, now: float) -> bool:
        """Start with a packet that has waited long enough, not too long; False if none has."""
        due = (now - self._delays.wanted) * RATE
        oldest = due - _MAX_OVERDUE
        while (second := self._queue.second) is not None and second.position <= oldest:
            self._queue.pop()
            self.counts.late += 1
        first = self._queue.first
        if first is None or first.position > due:
            return False
        self._running = True
        self._next, self._last, self._decoder = first.position, None, first.decoder
        return True

    def _starve(self, samples: int) -> Pcm:
        """Conceal while the queue is empty; a late packet can still be played after that."""
        if self._stalled >= _STALL_TIMEOUT and not self._decoder.pausing:
            self._running = False
            self._stalled = 0
            return silence(samples)
        self._stalled += samples
        return self._decoder.conceal(samples)

    def _bridge(self, first: QueuedPacket, gap: int, samples: int) -> Pcm:
        """Fill the `gap` before the first packet, less what has been concealed already."""
        lost = self._last is not None and self._lost_between(self._last, first) > 0
        if gap > MAX_QUEUE:
            self._next = first.position
            return silence(0)
        if self._stalled:
            self._next += min(gap, self._stalled)
            self._settle(lost)
            return silence(0)
        if not lost:
            return self._pause(min(gap, samples))
        if gap <= first.samples and first.decoder.has_fec(first.payload):
            self._fec = self._next, self._next + gap
            self._next += gap
            self.counts.recovered += gap
            return first.decoder.decode_fec(first.payload, gap)
        piece, following = min(gap, samples), b""
        if gap > first.samples:  # the end of the gap may be recovered
            piece = min(piece, gap - first.samples)
        elif first.decoder is self._decoder and self._decoder.looks_ahead:
            piece, following = min(gap, _MAX_PIECE), first.payload
        self._next += piece
        self._conceal(piece)
        return self._decoder.conceal(piece, following)

    def _pause(self, samples: int) -> Pcm:
        """Return part of a pause, for which the sender had nothing to send."""
        self._next += samples
        length = self.delay_control.pause(samples)
        self.counts.paused += length
        return self._decoder.conceal(length) if length else silence(0)

    def _play(self, now: float, samples: int, held: int) -> Pcm:
        packet = self._queue.pop()
        waited = now - packet.arrival
        # At most as long as it waited: there is no more to remove.
        lead = min(waited, now - packet.position / RATE - self._delays.wanted)
        self.delay_control.observe(lead, held, samples)
        self.delay_s += (waited + held / RATE - self.delay_s) * _SMOOTHING
        same = self._last is not None and self._last.stretch == packet.stretch
        self._settle(same and not self._decoder.pausing)
        self._decoder, self._last = packet.decoder, packet
        self._concealing = False
        pcm = packet.decoder.decode(packet.payload)
        self._next = packet.position + (len(pcm) or packet.samples)
        if packet.redundant:
            self.counts.recovered += len(pcm)
        else:
            self.counts.played += len(pcm)
        return pcm

    def _settle(self, lost: bool) -> None:
        """Count what was concealed while the queue was empty, now that the reason is known."""
        if lost:
            self._conceal(self._stalled)
        else:
            self.counts.paused += self._stalled
        self._stalled = 0

    def _conceal(self, samples: int) -> None:
        """Count concealed sound; without good sound in between, it is the same run."""
        if samples:
            self.counts.concealed += samples
            self.counts.concealments += not self._concealing
            self._concealing = True
