"""Messages that are too large lose their end, and not the connection.

The library answers a frame above its bound by ending the connection (1009). A SIP message that is
too large deserves an answer of its own, and the next one should still arrive: here all but the
beginning of a large message is taken out of the bytes before the library sees them. RFC 6455 §5.2
has the frames. Nothing is kept of what is taken out, so that memory is bounded, too.
"""

from typing import Final

_LENGTHS: Final = {126: 2, 127: 8}
"""What the short length of a frame says -> bytes of the long one that follows."""
_MASK_BIT: Final = 0x80
_LONGEST_SHORT: Final = 125
_FIRST_CONTROL: Final = 8
"""Opcodes from here on are those of control frames, which are short and stand between others."""
_CONTINUATION: Final = 0
_LAST_DATA: Final = 2


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
        if opcode > _LAST_DATA:
            return head  # control frames, and what the library refuses
        if opcode != _CONTINUATION:
            self._size = 0
        self._let_pass = min(length, self._limit - self._size)
        self._take_out = length - self._let_pass
        self._size += self._let_pass
        if not self._take_out:
            return head
        return head[:1] + _length(self._let_pass, head[1] & _MASK_BIT) + head[end:]


def _length(size: int, mask_bit: int) -> bytes:
    """The length of a payload as the header has it."""
    if size <= _LONGEST_SHORT:
        return bytes([mask_bit | size])
    if size < 1 << 16:
        return bytes([mask_bit | 126]) + size.to_bytes(2, "big")
    return bytes([mask_bit | 127]) + size.to_bytes(8, "big")
