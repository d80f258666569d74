"""The jitter buffer: packets in as they arrive, sound out on request.

`DelayEstimator.wanted` tells how long to wait, `DelayControl` changes the delay without a click,
and the codec's `Decoder.conceal` and `Decoder.decode_fec` replace what is lost; this class only
decides which of them is due.
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
from sipcli.media.pcm import FRAME, RATE, Pcm, silence
from sipcli.media.rtp.packet import RtpPacket, sequence_difference

MAX_PACKETS: Final = 100
MAX_QUEUE: Final = RATE // 2
"""Samples: sound that would wait longer than half a second is not played at all."""
_STALL_TIMEOUT: Final = RATE // 5
"""Samples: after 200 ms without a packet the stream counts as stopped."""
_OVERDUE: Final = RATE // 10
"""Samples: where the stream begins, 100 ms of what should have been heard are still played."""
_ROUNDING: Final = RATE // 400
"""Samples: a gap shorter than 2.5 ms is none."""
_MAX_PIECE: Final = 5760
"""Samples that a decoder makes up at once."""
_SMOOTHING: Final = 1 / 50
_PASSED: Final = 64
_HEARD_OF: Final = 64
_OLDEST_COPY: Final = RATE // 10
"""Samples: what is lost is not waited for any longer, though it may come again."""

RedundantPayload: TypeAlias = tuple[int, bytes]
"""How many samples at 48 kHz before its packet's sound a payload belongs, and the payload."""


@dataclass(slots=True)
class PlayoutCounts:
    """Counters of the sound played, in samples at 48 kHz, and of the packets."""

    played: int = 0
    """Samples from packets that came in time."""
    recovered: int = 0
    """Samples from forward error correction, or from redundant copies (RFC 2198)."""
    concealed: int = 0
    """Samples concealed for packets that were lost or late."""
    concealments: int = 0
    """Runs of concealed samples."""
    paused: int = 0
    """Samples for which the sender had sent nothing."""
    late: int = 0
    """Packets that came after their turn."""
    duplicate: int = 0
    """Packets that took a place already taken."""
    overflowed: int = 0
    """Packets dropped since too many were waiting."""
    undecodable: int = 0
    """Packets with nothing in them that could be played."""


class JitterBuffer:
    """Plays one stream, whatever sources, codecs and pauses it is made of.

    Time is `now`, in seconds, of a clock that only goes forward; it is that of the packets'
    coming and of the asking for sound, and need not run as fast as the sender's.
    """

    def __init__(self) -> None:
        self.counts = PlayoutCounts()
        self.delay_control = DelayControl()
        self.delay_s = 0.0
        """From a packet's coming to the playing of its first sample, smoothed, in seconds."""
        self._delays = DelayEstimator()
        self._timeline = Timeline(self._delays)
        self._queue = PacketQueue()
        self._passed: deque[int] = deque(maxlen=_PASSED)
        """Sequence numbers of packets that came and had no sound in them."""
        self._heard_of: deque[int] = deque(maxlen=_HEARD_OF)
        """Positions of the packets that came, be it as a redundant copy."""
        self._newest: QueuedPacket | None = None
        self._stretch_begin = 0
        """The position of the first packet since the timestamps jumped."""
        self._running = False
        self._next = 0
        """The position of the sample to be decoded next."""
        self._stalled = 0
        """Samples made up at `_next` while nothing was there: it is not known yet why."""
        self._held: Pcm = silence(0)
        """Decoded and not yet asked for."""
        self._last: QueuedPacket | None = None
        """The packet decoded last, of those since the sound began or packets were dropped."""
        self._decoder: Decoder = ComfortNoiseDecoder()
        """That of the last packet."""
        self._concealing = False

    def add_packet(
        self,
        packet: RtpPacket,
        scale: int,
        decoder: Decoder,
        now: float,
        redundant: tuple[RedundantPayload, ...] = (),
    ) -> None:
        """Add an audio packet; `scale`: samples at 48 kHz per unit of its timestamp.

        `redundant`: its copies of earlier packets, the latest first.
        """
        samples = decoder.samples(packet.payload)
        if samples == 0:
            self.counts.undecodable += 1
            self.skip_packet(packet)
            return
        position = self._timeline.place(packet, scale, samples, now)
        if position is None:
            self.counts.undecodable += 1
            return
        waiting = QueuedPacket(
            position, samples, packet.payload, decoder, packet.sequence, self._timeline.stretch, now
        )
        if self._newest is None or self._newest.stretch != waiting.stretch:
            self._stretch_begin = position
        self._learn(waiting)
        if self._is_over(waiting):
            self.counts.late += 1
        elif not self._queue.add(waiting):
            self.counts.duplicate += 1
        self._add_redundant(waiting, redundant)
        self._heard_of.append(position)
        if len(self._queue) > MAX_PACKETS or self._queue.span > MAX_QUEUE:
            self._drop_oldest()

    def _add_redundant(
        self, primary: QueuedPacket, redundant: tuple[RedundantPayload, ...]
    ) -> None:
        """Let what came with `primary` take the places of packets that have not come."""
        for offset, payload in redundant:
            position = primary.position - offset
            is_known = position in self._heard_of or position < self._stretch_begin
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
            self._heard_of.append(position)
            transit = waiting.arrival - position / RATE
            self._delays.add_stand_in(transit)
            # What is made up for already, and not worth a wait, shall not hold up all that follows.
            is_unwanted = self._stalled > 0 and transit > self._delays.wanted
            if not (is_unwanted or self._is_over(waiting)):
                self._queue.add(waiting)

    def _is_over(self, waiting: QueuedPacket) -> bool:
        """Whether the turn of what it brings is past."""
        return self._running and waiting.end < self._next + _ROUNDING

    @property
    def max_wait_s(self) -> float:
        """How long, in seconds, the packet that comes first of all has to wait just now."""
        return max(0.0, self._delays.wanted - self._delays.least)

    def skip_packet(self, packet: RtpPacket) -> None:
        """Take note of a packet of the stream without sound: padding, an event, the unknown.

        Its sequence number is not to be taken for a loss.
        """
        self._passed.append(packet.sequence)

    def read(self, now: float, samples: int = FRAME) -> Pcm:
        """The next `samples` of the sound."""
        pcm = self._gather(self._held, now, samples)
        if self.delay_control.pending:
            while len(pcm) < NEEDED and self._running and self._queue.first is not None:
                pcm = np.concatenate((pcm, self._produce(now, samples, len(pcm))))
            pcm = self._gather(self.delay_control.apply(pcm, samples), now, samples)
        self._held = pcm[samples:]
        return pcm[:samples]

    def _gather(self, pcm: Pcm, now: float, samples: int) -> Pcm:
        """`pcm`, and as much after it as makes at least `samples`."""
        while len(pcm) < samples:
            piece = self._produce(now, samples, len(pcm))
            pcm = np.concatenate((pcm, piece)) if len(pcm) else piece
        return pcm

    def _learn(self, waiting: QueuedPacket) -> None:
        """Let the packet's transit count, and that of the one before it if it stands in for it."""
        transit = waiting.arrival - waiting.position / RATE
        if self.counts.played == 0 and transit < self._delays.least:
            # What came before the keys comes in a heap: held back by us, not by the network.
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
            self._delays.add_stand_in(waiting.arrival - begin / RATE)

    def _lost_between(self, one: QueuedPacket, other: QueuedPacket) -> int:
        """How many packets, by the sequence numbers, are missing between the two."""
        if one.stretch != other.stretch:
            return 0
        missing = sequence_difference(other.sequence, one.sequence) - 1
        if missing <= 0:
            return 0
        return missing - sum(
            0 < sequence_difference(sequence, one.sequence) <= missing for sequence in self._passed
        )

    def _drop_oldest(self) -> None:
        """Drop the oldest of too many packets, and go on with the others."""
        while len(self._queue) > MAX_PACKETS or self._queue.span > MAX_QUEUE:
            self._queue.pop()
            self.counts.overflowed += 1
        if (first := self._queue.first) is not None:
            self._next = max(self._next, first.position)
            self._last = None

    def _produce(self, now: float, samples: int, held: int) -> Pcm:
        """A piece of sound of any length; an empty one means: ask again."""
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
        """Begin with a packet that has waited long enough, not too long; False if none has."""
        due = (now - self._delays.wanted) * RATE
        while (second := self._queue.second) is not None and second.position <= due - _OVERDUE:
            self._queue.pop()
            self.counts.late += 1
        first = self._queue.first
        if first is None or first.position > due:
            return False
        self._running = True
        self._next, self._last, self._decoder = first.position, None, first.decoder
        return True

    def _starve(self, samples: int) -> Pcm:
        """Nothing is there: go on without moving, so that what is merely late is not lost."""
        if self._stalled >= _STALL_TIMEOUT and not self._decoder.pausing:
            self._running = False
            self._stalled = 0
            return silence(samples)
        self._stalled += samples
        return self._decoder.conceal(samples)

    def _bridge(self, first: QueuedPacket, gap: int, samples: int) -> Pcm:
        """Fill the `gap` before the first packet, as far as that has not been done already."""
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
            self._next += gap
            self.counts.recovered += gap
            return first.decoder.decode_fec(first.payload, gap)
        piece, following = min(gap, samples), b""
        if gap > first.samples:  # the rest may be recovered, or known better
            piece = min(piece, gap - first.samples)
        elif first.decoder is self._decoder and self._decoder.looks_ahead:
            piece, following = min(gap, _MAX_PIECE), first.payload
        self._next += piece
        self._conceal(piece)
        return self._decoder.conceal(piece, following)

    def _pause(self, samples: int) -> Pcm:
        """A part of a time for which the sender had nothing to send."""
        self._next += samples
        length = self.delay_control.pause(samples)
        self.counts.paused += length
        return self._decoder.conceal(length) if length else silence(0)

    def _play(self, now: float, samples: int, held: int) -> Pcm:
        packet = self._queue.pop()
        waited = now - packet.arrival
        # No longer than it waited, whatever others let hope for: there is nothing to leave out.
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
        """It has turned out what the sound was made up for while nothing was there."""
        if lost:
            self._conceal(self._stalled)
        else:
            self.counts.paused += self._stalled
        self._stalled = 0

    def _conceal(self, samples: int) -> None:
        """Count made-up sound; what follows without good sound between is the same run."""
        if samples:
            self.counts.concealed += samples
            self.counts.concealments += not self._concealing
            self._concealing = True
