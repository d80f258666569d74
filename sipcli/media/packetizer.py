"""Frames of 20 ms into packets of the length that the far end asks for (RFC 8866 §6.4)."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs.codec import Encoder
from sipcli.media.pcm import FRAME, RATE, Pcm

Packet: TypeAlias = tuple[int, bytes]
"""The RTP timestamp of the first sample, and the payload, which DTX may leave empty."""


class Packetizer:
    """Encodes frames, and makes each packet hold `packet_ms` of them: 10 to 120.

    Where a codec's payload can be cut and joined anywhere, each frame is encoded when it comes,
    and bytes are collected. Else samples are, and a packet is encoded as a whole.
    """

    def __init__(self, encoder: Encoder, codec: Codec, packet_ms: int) -> None:
        self.samples = packet_ms * RATE // 1000
        """In a packet, at 48 kHz."""
        self._encoder = encoder
        self._joins_payloads = codec.bytes_per_ms is not None
        self._per_ms = codec.bytes_per_ms or RATE // 1000
        self._size = packet_ms * self._per_ms
        self._step = codec.clock_rate // 1000
        """Units of the RTP clock in a millisecond."""
        self._waiting: npt.NDArray[Any] | None = None
        self._begin = 0
        """The timestamp of what waits."""
        self._next = 0
        """The one that a frame has which follows it."""

    def put(self, pcm: Pcm, timestamp: int) -> list[Packet]:
        """The packets that are complete with this frame; before a jump in time, one cut short."""
        if self.samples == FRAME:
            return [(timestamp, self._encoder.encode(pcm))]
        packets = self.flush() if timestamp != self._next else []
        waiting: npt.NDArray[Any] = pcm
        if self._joins_payloads:
            waiting = np.frombuffer(self._encoder.encode(pcm), np.uint8)
        self._next = self._after(timestamp, len(waiting))
        if self._waiting is None:
            self._begin = timestamp
        else:
            waiting = np.concatenate((self._waiting, waiting))
        while len(waiting) >= self._size:
            packets.append((self._begin, self._payload(waiting[: self._size])))
            waiting = waiting[self._size :]
            self._begin = self._after(self._begin, self._size)
        self._waiting = waiting if len(waiting) else None
        return packets

    def flush(self) -> list[Packet]:
        """What waits for more, as a packet of its own: a digit or a jump in time comes next."""
        waiting, self._waiting = self._waiting, None
        return [(self._begin, self._payload(waiting))] if waiting is not None else []

    def _payload(self, part: npt.NDArray[Any]) -> bytes:
        return part.tobytes() if self._joins_payloads else self._encoder.encode(part)

    def _after(self, timestamp: int, count: int) -> int:
        return (timestamp + count // self._per_ms * self._step) & 0xFFFF_FFFF
