"""The queue of packets to be played, sorted by position."""

from bisect import bisect_left
from typing import NamedTuple

from sipcli.media.codecs.codec import Decoder


class QueuedPacket(NamedTuple):
    """A packet with its position on the timeline."""

    position: int
    """In samples at 48 kHz."""
    samples: int
    payload: bytes
    decoder: Decoder
    sequence: int
    stretch: int
    """See `Timeline.stretch`."""
    arrival: float
    """When it arrived, in seconds."""
    redundant: bool = False
    """True if it is a copy that arrived in a later packet (RFC 2198)."""

    @property
    def end(self) -> int:
        """The position after its last sample."""
        return self.position + self.samples


class PacketQueue:
    """Packets sorted by position; no two have the same."""

    def __init__(self) -> None:
        self._packets: list[QueuedPacket] = []

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def first(self) -> QueuedPacket | None:
        """The packet to be played next; None if there is none."""
        return self._packets[0] if self._packets else None

    @property
    def second(self) -> QueuedPacket | None:
        """The packet after it."""
        return self._packets[1] if len(self._packets) > 1 else None

    @property
    def span(self) -> int:
        """Samples from the start of the first packet to the end of the last."""
        return self._packets[-1].end - self._packets[0].position if self._packets else 0

    def add(self, packet: QueuedPacket) -> bool:
        """Insert `packet`; return False if its position is taken."""
        packets = self._packets
        if not packets or packet.position > packets[-1].position:
            packets.append(packet)
            return True
        index = bisect_left(packets, packet.position, key=lambda waiting: waiting.position)
        if packets[index].position == packet.position:
            return False
        packets.insert(index, packet)
        return True

    def pop(self) -> QueuedPacket:
        """Remove and return the first packet. Raises `IndexError` if there is none."""
        return self._packets.pop(0)
