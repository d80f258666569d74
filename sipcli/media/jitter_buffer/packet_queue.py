"""The queue of packets to be played, sorted by position."""

from bisect import bisect_left
from typing import NamedTuple

from sipcli.media.codecs.codec import Decoder


class QueuedPacket(NamedTuple):
    """A packet with its place on the timeline."""

    position: int
    """In samples at 48 kHz."""
    samples: int
    payload: bytes
    decoder: Decoder
    sequence: int
    stretch: int
    """Of the timeline: see `Timeline.stretch`."""
    arrival: float
    """When it came, in seconds."""
    redundant: bool = False
    """Whether it is a copy that came with a later packet (RFC 2198)."""

    @property
    def end(self) -> int:
        """The position after its last sample."""
        return self.position + self.samples


class PacketQueue:
    """Sorted by position, which no two packets share."""

    def __init__(self) -> None:
        self._packets: list[QueuedPacket] = []

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def first(self) -> QueuedPacket | None:
        """The one whose turn is next."""
        return self._packets[0] if self._packets else None

    @property
    def second(self) -> QueuedPacket | None:
        """The one after it."""
        return self._packets[1] if len(self._packets) > 1 else None

    @property
    def span(self) -> int:
        """Samples from the beginning of the first to the end of the last."""
        return self._packets[-1].end - self._packets[0].position if self._packets else 0

    def add(self, packet: QueuedPacket) -> bool:
        """Put `packet` in its place; False if that is taken."""
        packets = self._packets
        if not packets or packet.position > packets[-1].position:
            packets.append(packet)
            return True
        place = bisect_left(packets, packet.position, key=lambda waiting: waiting.position)
        if packets[place].position == packet.position:
            return False
        packets.insert(place, packet)
        return True

    def pop(self) -> QueuedPacket:
        """Take the first out; raises `IndexError` if there is none."""
        return self._packets.pop(0)
