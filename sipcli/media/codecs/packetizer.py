"""Encode 20 ms frames into packets of the length that the far end wants (RFC 8866 §6.4)."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs.codec import Encoder
from sipcli.media.pcm import FRAME, RATE, Pcm

Packet: TypeAlias = tuple[int, bytes]
"""The RTP timestamp of the first sample, and the payload (empty during DTX)."""


class Packetizer:
    """Encodes frames into packets of `packet_ms`, 10 to 120.

    If the codec's payload can be split and joined anywhere, each frame is encoded at once and its
    bytes are collected. Otherwise samples are collected, and a packet is encoded as a whole.
    """

    def __init__(self, encoder: Encoder, codec: Codec, packet_ms: int) -> None:
        self.samples = packet_ms * RATE // 1000
        """Samples in a packet, at 48 kHz."""
        self._encoder = encoder
        self._joins_payloads = codec.bytes_per_ms is not None
        self._per_ms = codec.bytes_per_ms or RATE // 1000
        self._size = packet_ms * self._per_ms
        self._step = codec.clock_rate // 1000
        """RTP clock units in a millisecond."""
        self._waiting: npt.NDArray[Any] | None = None
        self._begin = 0
        """The timestamp of the pending data."""
        self._next = 0
        """The timestamp of a frame that continues it."""

    def add_frame(self, pcm: Pcm, timestamp: int) -> list[Packet]:
        """Return the packets this frame completes; before a timestamp jump, also a short one."""
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
        """Return the pending data as a short packet: a digit or a timestamp jump comes next."""
        waiting, self._waiting = self._waiting, None
        return [(self._begin, self._payload(waiting))] if waiting is not None else []

    def _payload(self, part: npt.NDArray[Any]) -> bytes:
        return part.tobytes() if self._joins_payloads else self._encoder.encode(part)

    def _after(self, timestamp: int, count: int) -> int:
        return (timestamp + count // self._per_ms * self._step) & 0xFFFF_FFFF
