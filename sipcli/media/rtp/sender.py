"""The sending side of an RTP session: numbers, timestamps, marker and counters (RFC 3550 §5.1)."""

import math
from typing import Final

from sipcli.media.pcm import FRAME_S
from sipcli.media.rtp.packet import RtpPacket, build

GAP_S: Final = 1.0
"""Seconds without a packet that interrupt the sending; DTX sends something more often than that."""


class Sender:
    """One synchronization source for the life of a call, whatever codecs it goes through.

    Time goes on by one frame of 20 ms with each call of `tick`, which is called for each frame,
    late where it must be, and by `skip` for frames that there will never be. What packets there
    are, and which timestamps they bear, is the caller's to say.

    Sequence number and timestamp begin at random, so that they say nothing (§5.1): the
    caller draws them, and the SSRC.
    """

    def __init__(self, *, ssrc: int, sequence: int, timestamp: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.clock_rate = clock_rate
        """Hz: of the codec that is being sent. A change of codec sets it before the next frame;
        the timestamp goes on from where it is, at the new pace (RFC 7160 §4.1)."""
        self.extension = b""
        """The header extension of each packet, as `extension.build` makes it; empty for none."""
        self.packets = 0
        self.octets = 0
        """Of payload (§6.4.1)."""
        self.earlier = (0, 0)
        """Of these packets and octets, those that were sent under another SSRC."""
        self._sequence = sequence
        self._timestamp = timestamp
        self._ticked: float | None = None
        self._talking = False
        self._last_sent = -math.inf
        self._unbroken_since = math.inf
        """When the first packet was sent after the last gap longer than `GAP_S`."""

    @property
    def timestamp(self) -> int:
        """That of the next frame."""
        return self._timestamp

    def tick(self, now: float) -> int:
        """Begin a frame; returns its timestamp."""
        self._ticked = now
        timestamp = self._timestamp
        self._advance(1)
        return timestamp

    def audio(
        self, payload_type: int, payload: bytes, timestamp: int, now: float, *, silent: bool = False
    ) -> bytes:
        """A packet of sound; marked if it is the first after a pause.

        One that is `silent` only says, now and then, how a pause sounds (RFC 3551 §4.1).
        """
        marker, self._talking = not (silent or self._talking), not silent
        return self._packet(payload_type, payload, timestamp, marker, now)

    def event(
        self, payload_type: int, payload: bytes, timestamp: int, marker: bool, now: float | None
    ) -> bytes:
        """The packet of a telephone-event that takes the place of a frame (RFC 4733 §2.5.1.2).

        `timestamp` and `marker` are the event's own. Without `now` it comes with the last packet.
        """
        if now is None:
            now = self._last_sent
        return self._packet(payload_type, payload, timestamp, marker, now)

    def pause(self) -> None:
        """There is no packet for a while: on hold, or in the silence of DTX."""
        self._talking = False

    def skip(self, frames: int) -> None:
        """Let time go on by so many frames: the machine was held up, or asleep."""
        self._advance(frames)
        self._talking = False

    def rename(self, ssrc: int) -> None:
        """Go on under another SSRC, with counts of its own (§6.4.1, §8.2)."""
        self.ssrc = ssrc
        self.earlier = self.packets, self.octets
        self._talking = False

    def timestamp_at(self, now: float) -> int:
        """The RTP timestamp of the instant `now`, for a sender report (§6.4.1)."""
        ahead = 0.0 if self._ticked is None else now - self._ticked - FRAME_S
        return (self._timestamp + round(ahead * self.clock_rate)) & 0xFFFF_FFFF

    def sent_throughout(self, since: float, until: float) -> bool:
        """Whether packets went out from `since` to `until`, no more than `GAP_S` apart."""
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
