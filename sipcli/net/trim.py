"""Messages that are too large lose their end, and not the connection.

The library answers a frame above its bound by ending the connection (1009). A SIP message that is
too large deserves an answer of its own, and the next one should still arrive: here all but the
beginning of a large message is taken out of the bytes before the library sees them. RFC 6455 §5.2
has the frames. Nothing is kept of what is taken out, so that memory is bounded, too.
"""

from typing import Any, Final

from websockets.asyncio.connection import Connection
from websockets.frames import Opcode
from websockets.protocol import Side, State

MAX_MESSAGE: Final = 64 * 1024 + 1
"""Bytes of a message that are taken off the wire; the rest of it is lost.

One more than the SIP parser reads of a message, so that it knows of one that was cut.
"""
MAX_SIZE: Final = MAX_MESSAGE + 125
"""The library's own bound: it counts a ping between two fragments as if it were one of them."""

_BLANK_LINE: Final = b"\r\n\r\n"
_LENGTHS: Final = {126: 2, 127: 8}
"""What the short length of a frame says -> bytes of the long one that follows."""
_MASK_BIT: Final = 0x80
_MAX_SHORT: Final = 125


class TrimmedMessages(Connection):
    """A connection whose messages are cut to `MAX_MESSAGE` bytes; `MAX_SIZE` is its `max_size`."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._trimmer = Trimmer(MAX_MESSAGE)
        self._blank_line = 0
        """Bytes that have come of the blank line that ends the upgrade."""

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
        """What of `data` stands behind the header section of the peer's part of the upgrade."""
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
        """The frame's header, as far as it has come."""
        self._let_pass = 0
        """Bytes of the frame's payload that are still to come, and to be let pass."""
        self._take_out = 0
        """Bytes behind those."""
        self._size = 0
        """Bytes of the message that were let pass."""

    def trimmed(self, data: bytes) -> bytes:
        """What is left of the next bytes from the wire, wherever they begin and end."""
        left: list[bytes] = []
        at = 0
        while at < len(data):
            if self._let_pass:
                piece = data[at : at + self._let_pass]
                self._let_pass -= len(piece)
                left.append(piece)
                at += len(piece)
            elif self._take_out:
                size = min(self._take_out, len(data) - at)
                self._take_out -= size
                at += size
            else:
                piece = data[at : at + self._missing()]
                self._head += piece
                at += len(piece)
                if not self._missing():
                    left.append(self._begin_frame())
        return b"".join(left)

    def _missing(self) -> int:
        """Bytes of the header that have not come yet, as far as can be told."""
        head = self._head
        if len(head) < 2:
            return 2 - len(head)
        mask = 4 if head[1] & _MASK_BIT else 0
        return 2 + _LENGTHS.get(head[1] & ~_MASK_BIT, 0) + mask - len(head)

    def _begin_frame(self) -> bytes:
        """Take in a header that is complete; returns what it is to the library."""
        head, self._head = bytes(self._head), bytearray()
        short = head[1] & ~_MASK_BIT
        end = 2 + _LENGTHS.get(short, 0)
        length = int.from_bytes(head[2:end], "big") if end > 2 else short
        opcode = head[0] & 0x0F
        self._let_pass, self._take_out = length, 0
        if opcode > Opcode.BINARY:
            return head  # control frames, and what the library refuses
        if opcode != Opcode.CONT:
            self._size = 0
        self._let_pass = min(length, self._limit - self._size)
        self._take_out = length - self._let_pass
        self._size += self._let_pass
        if not self._take_out:
            return head
        return head[:1] + _length(self._let_pass, head[1] & _MASK_BIT) + head[end:]


def _length(size: int, mask_bit: int) -> bytes:
    """The length of a payload as the header has it."""
    if size <= _MAX_SHORT:
        return bytes([mask_bit | size])
    if size < 1 << 16:
        return bytes([mask_bit | 126]) + size.to_bytes(2, "big")
    return bytes([mask_bit | 127]) + size.to_bytes(8, "big")
