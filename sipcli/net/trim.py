"""Truncate messages that are too large, instead of losing the connection (RFC 6455 §5.2).

The library answers a frame above its limit by ending the connection (1009). A SIP message that is
too large should get its own response, and the next one should still arrive. So everything but the
beginning of a large message is removed from the bytes before the library sees them. The removed
part is not stored, so memory is bounded, too.
"""

from typing import Any, Final

from websockets.asyncio.connection import Connection
from websockets.frames import Opcode
from websockets.protocol import Side, State

MAX_MESSAGE: Final = 64 * 1024 + 1
"""Bytes kept of a message; the rest is dropped.

One more than the SIP parser reads, so that it notices a message that was cut.
"""
MAX_SIZE: Final = MAX_MESSAGE + 125
"""The library's own limit: it counts a ping between two fragments as part of the message."""

_BLANK_LINE: Final = b"\r\n\r\n"
_LENGTHS: Final = {126: 2, 127: 8}
"""Value of the 7-bit length -> bytes of the extended length that follows."""
_MASK_BIT: Final = 0x80
_MAX_SHORT: Final = 125


class TrimmedMessages(Connection):
    """A connection whose messages are cut to `MAX_MESSAGE` bytes; `MAX_SIZE` is its `max_size`."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._trimmer = Trimmer(MAX_MESSAGE)
        self._blank_line = 0
        """Bytes received so far of the blank line that ends the upgrade."""

    def data_received(self, data: bytes) -> None:
        """Bytes came from the peer (asyncio.Protocol)."""
        frames = self._after_upgrade(data)
        if len(frames) < len(data):
            super().data_received(data[: len(data) - len(frames)])
        # What follows a refused upgrade is the body of an HTTP response.
        if self.protocol.side is Side.SERVER or self.protocol.state is not State.CONNECTING:
            frames = self._trimmer.trimmed(frames)
        if frames:
            super().data_received(frames)

    def _after_upgrade(self, data: bytes) -> bytes:
        """Return the part of `data` after the header section of the peer's handshake."""
        at = 0
        while self._blank_line < len(_BLANK_LINE) and at < len(data):
            is_next = data[at] == _BLANK_LINE[self._blank_line]
            self._blank_line = self._blank_line + 1 if is_next else int(data[at] == _BLANK_LINE[0])
            at += 1
        return data[at:]


class Trimmer:
    """Cuts each message of one connection, fragments together, to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._head = bytearray()
        """The frame's header, as far as received."""
        self._keep = 0
        """Bytes of the frame's payload still to come that are kept."""
        self._drop = 0
        """Bytes after those that are dropped."""
        self._size = 0
        """Bytes of the message kept so far."""

    def trimmed(self, data: bytes) -> bytes:
        """Return what is kept of the next bytes from the wire; they may start and end anywhere."""
        left: list[bytes] = []
        at = 0
        while at < len(data):
            if self._keep:
                piece = data[at : at + self._keep]
                self._keep -= len(piece)
                left.append(piece)
                at += len(piece)
            elif self._drop:
                size = min(self._drop, len(data) - at)
                self._drop -= size
                at += size
            else:
                piece = data[at : at + self._missing()]
                self._head += piece
                at += len(piece)
                if not self._missing():
                    left.append(self._begin_frame())
        return b"".join(left)

    def _missing(self) -> int:
        """Return how many bytes of the header are still missing, as far as known."""
        head = self._head
        if len(head) < 2:
            return 2 - len(head)
        mask = 4 if head[1] & _MASK_BIT else 0
        return 2 + _LENGTHS.get(head[1] & ~_MASK_BIT, 0) + mask - len(head)

    def _begin_frame(self) -> bytes:
        """Process a complete header; return it as the library should see it."""
        head, self._head = bytes(self._head), bytearray()
        short = head[1] & ~_MASK_BIT
        end = 2 + _LENGTHS.get(short, 0)
        length = int.from_bytes(head[2:end], "big") if end > 2 else short
        opcode = head[0] & 0x0F
        self._keep, self._drop = length, 0
        if opcode > Opcode.BINARY:
            return head  # control frames, and what the library refuses
        if opcode != Opcode.CONT:
            self._size = 0
        self._keep = min(length, self._limit - self._size)
        self._drop = length - self._keep
        self._size += self._keep
        if not self._drop:
            return head
        return head[:1] + _length(self._keep, head[1] & _MASK_BIT) + head[end:]


def _length(size: int, mask_bit: int) -> bytes:
    """Encode the length of a payload as in a frame header (RFC 6455 §5.2)."""
    if size <= _MAX_SHORT:
        return bytes([mask_bit | size])
    if size < 1 << 16:
        return bytes([mask_bit | 126]) + size.to_bytes(2, "big")
    return bytes([mask_bit | 127]) + size.to_bytes(8, "big")
