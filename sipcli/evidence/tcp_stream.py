"""One direction of a captured TCP connection, put in order.

Segments come again, overlap, overtake one another, or are missing from the capture. What waits for
a missing one has a bound.
"""

from typing import Final

MAX_AHEAD: Final = 256
"""Segments that wait for one before them; then what is missing is taken for lost."""


class TcpStream:
    """Takes the segments of one direction as they were captured."""

    def __init__(self) -> None:
        self._next: int | None = None
        """The sequence number of the byte that is expected."""
        self._ahead: dict[int, bytes] = {}

    def open(self, sequence: int) -> None:
        """A SYN: the connection begins, or the ports are used again."""
        self._next = (sequence + 1) & 0xFFFFFFFF
        self._ahead.clear()

    def feed(self, sequence: int, data: bytes) -> tuple[bytes, bool]:
        """Return what is in order with this segment, and True if bytes before it are lost."""
        if self._next is None:  # the capture began later
            self._next = sequence
        if len(data) > len(self._ahead.get(sequence, b"")):
            self._ahead[sequence] = data
        has_gap = len(self._ahead) > MAX_AHEAD
        if has_gap:
            self._next = min(self._ahead, key=self._distance)
        found = []
        while (begin := self._ready()) is not None:
            rest = self._ahead.pop(begin)[-self._distance(begin) :]
            self._next = (self._next + len(rest)) & 0xFFFFFFFF
            found.append(rest)
        return b"".join(found), has_gap

    def _ready(self) -> int | None:
        """Return the sequence number of a segment that begins at or before what is expected."""
        return next((each for each in self._ahead if self._distance(each) <= 0), None)

    def _distance(self, sequence: int) -> int:
        """Return how many bytes after what is expected a segment begins; negative if before."""
        return ((sequence - (self._next or 0) + 0x80000000) & 0xFFFFFFFF) - 0x80000000
