"""The SIP messages in the bytes of a captured TCP connection, one direction of it.

SIP is framed by Content-Length (RFC 3261 §18.3) or comes in WebSocket messages (RFC 6455 §5.2),
whose handshake may be before the begin of the capture. What is encrypted, compressed or neither is
left out. Every buffer has a bound.
"""

import re
from struct import Struct
from typing import Final, Literal, TypeAlias

MAX_UNREAD: Final = 1024 * 1024
"""Bytes of a message that is not whole yet; after that the stream is given up."""

SIP_START: Final = re.compile(
    rb"SIP/2\.0 [1-6][0-9]{2}[ \r\n]|[!-~]{1,64} [!-~]{1,4000} SIP/2\.0\r?\n"
)
"""How a SIP message begins."""
_UPGRADE: Final = re.compile(rb"GET [!-~]{1,4000} HTTP/1\.1\r\n|HTTP/1\.1 101[ \r\n]")
_CONTENT_LENGTH: Final = re.compile(
    rb"\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,7})[ \t]*\r?\n", re.IGNORECASE
)
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_FIRST_BYTES: Final = frozenset((0x01, 0x02, 0x81, 0x82, 0x88, 0x89, 0x8A))
"""Of WebSocket frames that are not compressed."""
_TLS_RECORDS: Final = range(0x14, 0x18)
_SHORT: Final = Struct("!H")
_LONG: Final = Struct("!Q")
_LAST, _COMPRESSED, _OPCODE, _CONTROL, _MASKED = 0x80, 0x40, 0x0F, 0x08, 0x80
_CONTINUATION: Final = 0
_WAIT: Final = 0
_MAX_LINE: Final = 4200
"""Bytes of the first line of what is recognized."""

SipTransport: TypeAlias = Literal["tcp", "ws"]


class SipStream:
    """Takes the bytes of one direction in order."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._needed = 1
        """Bytes until there is something to do."""
        self._searched = 0
        """Bytes in which no end of the header section was found."""
        self._is_websocket = False
        self._is_given_up = False
        self._fragments = bytearray()
        """Of a WebSocket message."""
        self._found: list[tuple[SipTransport, bytes]] = []

    def feed(self, data: bytes) -> list[tuple[SipTransport, bytes]]:
        """Return the messages that are whole with these bytes."""
        if self._is_given_up:
            return []
        self._data += data
        while not self._is_given_up and len(self._data) >= self._needed:
            used = self._frame() if self._is_websocket else self._part()
            if used == _WAIT:
                break
            del self._data[:used]
            self._needed, self._searched = 1, 0
        if len(self._data) + len(self._fragments) > MAX_UNREAD:
            self._give_up()
        found, self._found = self._found, []
        return found

    def _give_up(self) -> None:
        self._is_given_up = True
        self._data.clear()
        self._fragments.clear()

    def _part(self) -> int:
        """Return how many bytes at the begin of a stream, or between messages, have been used."""
        first = self._data[0]
        if first in b"\r\n":
            return 1
        if SIP_START.match(self._data):
            return self._message()
        if _UPGRADE.match(self._data):
            end = self._end_of_head()
            self._is_websocket = end != _WAIT
            return end
        if first in _FIRST_BYTES:
            self._is_websocket = True
            return self._frame()
        if first in _TLS_RECORDS:
            self._give_up()
            return _WAIT
        # Not the begin of a message, or not all of its first line.
        end = self._data.find(b"\n", 0, _MAX_LINE) + 1
        return len(self._data) if not end and len(self._data) > _MAX_LINE else end

    def _message(self) -> int:
        head = self._end_of_head()
        if head == _WAIT:
            return _WAIT
        length = _CONTENT_LENGTH.search(self._data, 0, head)
        size = head + (int(length[1]) if length else 0)
        if len(self._data) < size:
            self._needed = size
            self._searched = 0
            return _WAIT
        self._found.append(("tcp", bytes(self._data[:size])))
        return size

    def _end_of_head(self) -> int:
        found = _END_OF_HEAD.search(self._data, max(self._searched - 3, 0))
        self._searched = len(self._data)
        return found.end() if found else _WAIT

    def _frame(self) -> int:
        """Return how many bytes a WebSocket frame has."""
        data = self._data
        if len(data) < 2:
            return _WAIT
        short = data[1] & 0x7F
        begin = 2 + {126: 2, 127: 8}.get(short, 0)
        mask_size = 4 if data[1] & _MASKED else 0
        if len(data) < begin + mask_size:
            return _WAIT
        if short == 126:
            (short,) = _SHORT.unpack_from(data, 2)
        elif short == 127:
            (short,) = _LONG.unpack_from(data, 2)
        end = begin + mask_size + short
        if end > MAX_UNREAD:
            self._give_up()
            return _WAIT
        if len(data) < end:
            self._needed = end
            return _WAIT
        mask = bytes(data[begin : begin + mask_size])
        self._add_fragment(data[0], _unmasked(bytes(data[begin + mask_size : end]), mask))
        return end

    def _add_fragment(self, first: int, payload: bytes) -> None:
        if first & _CONTROL:
            return
        if first & _OPCODE != _CONTINUATION:
            self._fragments.clear()
        self._fragments += payload
        if first & _LAST:
            if not first & _COMPRESSED and SIP_START.match(self._fragments):
                self._found.append(("ws", bytes(self._fragments)))
            self._fragments.clear()


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """Return a payload without its mask (RFC 6455 §5.3); `mask` is empty or has four bytes."""
    if not mask:
        return payload
    size = len(payload)
    stream = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
