"""Map RTP timestamps to positions on one continuous timeline of samples."""

from typing import Final

from sipcli.media.jitter_buffer.delay_estimator import DelayEstimator
from sipcli.media.pcm import RATE
from sipcli.media.rtp.packet import RtpPacket, sequence_difference, timestamp_difference
from sipcli.media.rtp.source_statistics import MAX_DROPOUT

_TOO_EARLY_S: Final = 0.1
"""Seconds: a packet faster than the fastest by more than this means that timestamps jumped."""
_OLDEST: Final = RATE
"""Maximum samples by which an older packet can be placed before the newest."""
_ADJACENT_S: Final = 0.06
"""Seconds: a new stretch that would start this close to the end of the old one starts there."""


class Timeline:
    """Positions in samples at 48 kHz, from 0 at the first packet.

    Packets are placed by their timestamps, never by counting: padding and telephone-events also
    use sequence numbers, while a sender's pauses do not. If the timestamps jump (another source,
    another clock, an intermediary that switches streams), the timeline continues: the new stretch
    starts at the end of the old one, or at its arrival if that is later.
    """

    def __init__(self, delays: DelayEstimator) -> None:
        self.stretch = 0
        """The number of jumps; sequence numbers of different stretches cannot be compared."""
        self._delays = delays
        self._newest: tuple[RtpPacket, int, int] | None = None
        """The newest packet by sequence number, its position and its scale."""
        self._end = 0

    def place(self, packet: RtpPacket, scale: int, samples: int, now: float) -> int | None:
        """Return the position of `packet`; None if it is unknown.

        The packet holds `samples`; `scale` is the number of samples in a timestamp unit. The
        position is unknown if the packet is older than the newest by its sequence number but not
        by its timestamp, or by more than a second.
        """
        if self._newest is None:
            return self._settle(packet, scale, samples, 0)
        newest, at, newest_scale = self._newest
        steps = sequence_difference(packet.sequence, newest.sequence)
        position = at + timestamp_difference(packet.timestamp, newest.timestamp) * scale
        if packet.ssrc != newest.ssrc or scale != newest_scale or abs(steps) > MAX_DROPOUT:
            return self._splice(packet, scale, samples, now)
        if steps <= 0:
            return position if at - _OLDEST <= position <= at + min(steps, 0) else None
        transit = now - position / RATE
        if position <= at or transit < self._delays.fastest - _TOO_EARLY_S:
            return self._splice(packet, scale, samples, now)
        return self._settle(packet, scale, samples, position)

    def _splice(self, packet: RtpPacket, scale: int, samples: int, now: float) -> int:
        self.stretch += 1
        on_time = int((now - self._delays.median) * RATE)
        late = on_time > self._end + _ADJACENT_S * RATE
        return self._settle(packet, scale, samples, on_time if late else self._end)

    def _settle(self, packet: RtpPacket, scale: int, samples: int, position: int) -> int:
        self._newest = (packet, position, scale)
        self._end = position + samples
        return position
