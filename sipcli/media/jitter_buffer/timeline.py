"""Map RTP timestamps to positions on one continuous timeline of samples."""

from typing import Final

from sipcli.media.jitter_buffer.delay_estimator import DelayEstimator
from sipcli.media.pcm import RATE
from sipcli.media.rtp.packet import RtpPacket, sequence_difference, timestamp_difference
from sipcli.media.rtp.source_statistics import MAX_DROPOUT

_TOO_EARLY_S: Final = 0.1
"""Quicker than the quickest packet by more than this: the sender's timestamps have jumped."""
_OLDEST: Final = RATE
"""Samples: an older packet is placed so far before the newest at most."""
_ADJACENT_S: Final = 0.06
"""A new stretch that would begin within this of the end of the old one begins right there."""


class Timeline:
    """Positions in samples at 48 kHz, from 0 at the first packet.

    Packets are placed by their timestamps, never by counting: padding and telephone-events
    use up sequence numbers too, and a sender's pauses do not. Where the timestamps jump (other
    source, other clock, an intermediary that changes what it sends) the line goes on without
    a step: the new stretch begins at the end of the old one, or when it came, if that is later.
    """

    def __init__(self, delays: DelayEstimator) -> None:
        self.stretch = 0
        """Counts the jumps: sequence numbers of different stretches do not compare."""
        self._delays = delays
        self._newest: tuple[RtpPacket, int, int] | None = None
        """The newest packet by sequence, its position, and its clock's scale."""
        self._end = 0

    def place(self, packet: RtpPacket, scale: int, samples: int, now: float) -> int | None:
        """The position of `packet`, which holds `samples`, `scale` of them a timestamp unit.

        None if it is older than the newest by its number but not by its timestamp, or from a
        completely different time: its position is then unknown.
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
        if position <= at or transit < self._delays.least - _TOO_EARLY_S:
            return self._splice(packet, scale, samples, now)
        return self._settle(packet, scale, samples, position)

    def _splice(self, packet: RtpPacket, scale: int, samples: int, now: float) -> int:
        self.stretch += 1
        on_time = int((now - self._delays.typical) * RATE)
        late = on_time > self._end + _ADJACENT_S * RATE
        return self._settle(packet, scale, samples, on_time if late else self._end)

    def _settle(self, packet: RtpPacket, scale: int, samples: int, position: int) -> int:
        self._newest = (packet, position, scale)
        self._end = position + samples
        return position
