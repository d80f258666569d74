"""The sending side of an RTP session: numbers, timestamps, marker and counters (RFC 3550 §5.1)."""

import math
from typing import Final

from sipcli.media.pcm import FRAME_S
from sipcli.media.rtp.packet import RtpPacket, build

GAP_S: Final = 1.0
"""Seconds without a packet that count as an interruption; DTX sends more often than that."""


class Sender:
    """One synchronization source for the whole call, whatever codecs it uses.

    Each `tick` advances the time by one frame of 20 ms; it is called for every frame, even if late.
    `skip` advances it for frames that are never sent. The caller decides which packets to make, and
    their timestamps.

    `ssrc`, `sequence` and `timestamp` are random numbers, so that they reveal nothing (§5.1).
    """

    def __init__(self, *, ssrc: int, sequence: int, timestamp: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.clock_rate = clock_rate
        """Hz: the clock of the codec in use. Set it when the codec changes, before the next frame;
        the timestamp continues at the new rate (RFC 7160 §4.1)."""
        self.extension = b""
        """The header extension of each packet, from `extension.build`; empty for none."""
        self.packets = 0
        self.octets = 0
        """Bytes of payload (§6.4.1)."""
        self.earlier = (0, 0)
        """Packets and octets that were sent under previous SSRCs."""
        self._sequence = sequence
        self._timestamp = timestamp
        self._last_tick: float | None = None
        self._talking = False
        self._last_sent = -math.inf
        self._unbroken_since = math.inf
        """When the first packet after the last interruption was sent."""

    @property
    def timestamp(self) -> int:
        """The timestamp of the next frame."""
        return self._timestamp

    def tick(self, now: float) -> int:
        """Begin a frame, and return its timestamp."""
        self._last_tick = now
        timestamp = self._timestamp
        self._advance(1)
        return timestamp

    def audio(
        self, payload_type: int, payload: bytes, timestamp: int, now: float, *, silent: bool = False
    ) -> bytes:
        """Return a packet of sound; it has the marker if it is the first after a pause.

        `silent` packets describe the noise of a pause (RFC 3551 §4.1).
        """
        marker, self._talking = not (silent or self._talking), not silent
        return self._packet(payload_type, payload, timestamp, marker, now)

    def event(
        self, payload_type: int, payload: bytes, timestamp: int, marker: bool, now: float | None
    ) -> bytes:
        """Return the packet of a telephone-event, in place of a frame (RFC 4733 §2.5.1.2).

        `timestamp` and `marker` are the event's. Without `now`, it counts as sent with the last
        packet.
        """
        if now is None:
            now = self._last_sent
        return self._packet(payload_type, payload, timestamp, marker, now)

    def pause(self) -> None:
        """Begin a pause: on hold, or in the silence of DTX."""
        self._talking = False

    def skip(self, frames: int) -> None:
        """Advance the time by frames that are not sent: the machine was busy, or asleep."""
        self._advance(frames)
        self._talking = False

    def rename(self, ssrc: int) -> None:
        """Continue with another SSRC, which has counts of its own (§6.4.1, §8.2)."""
        self.ssrc = ssrc
        self.earlier = self.packets, self.octets
        self._talking = False

    def timestamp_at(self, now: float) -> int:
        """Return the RTP timestamp of the instant `now`, for a sender report (§6.4.1)."""
        ahead = 0.0 if self._last_tick is None else now - self._last_tick - FRAME_S
        return (self._timestamp + round(ahead * self.clock_rate)) & 0xFFFF_FFFF

    def sent_throughout(self, since: float, until: float) -> bool:
        """Return True if packets were sent from `since` to `until` without an interruption."""
        return self._unbroken_since <= since and until - self._last_sent <= GAP_S

    def _packet(
        self, payload_type: int, payload: bytes, timestamp: int, marker: bool, now: float
    ) -> bytes:
        if now - self._last_sent > GAP_S:
            self._unbroken_since = now
        self._last_sent = now
        packet = RtpPacket(
            payload_type,
            self._sequence,
            timestamp,
            self.ssrc,
            payload,
            marker,
            self.extension,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return build(packet)

    def _advance(self, frames: int) -> None:
        step = frames * round(self.clock_rate * FRAME_S)
        self._timestamp = (self._timestamp + step) & 0xFFFF_FFFF
