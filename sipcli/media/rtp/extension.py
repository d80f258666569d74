"""The header extension of an RTP packet: elements in the one-byte and two-byte form (RFC 8285)."""

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

_HEADER: Final = Struct("!HH")
_ONE_BYTE: Final = 0xBEDE
_TWO_BYTE: Final = 0x1000
_TWO_BYTE_MASK: Final = 0xFFF0
"""The last four bits belong to the application (§4.3)."""
_END: Final = 15
"""In the one-byte form: this number ends the elements (§4.2)."""
_MAX_ONE_BYTE_ID: Final = 14
_MAX_ONE_BYTE: Final = 16


class ExtensionElement(NamedTuple):
    """One element of a header extension (RFC 8285 §4.2)."""

    number: int
    """1 to 255, as agreed by `extmap` in the session descriptions."""
    value: bytes


class OneOf(NamedTuple):
    """An element that may have any of several values."""

    number: int
    values: frozenset[bytes]


def find(block: bytes, number: int) -> bytes | None:
    """Return the value of the first element with that number in `block`; None if there is none.

    `block` is the whole header extension, including its header of four bytes. Each packet may have
    either form, independently of others. Never raises.
    """
    if len(block) < _HEADER.size:
        return None
    profile = _HEADER.unpack_from(block)[0]
    if profile == _ONE_BYTE:
        elements = _one_byte(block)
    elif profile & _TWO_BYTE_MASK == _TWO_BYTE:
        elements = _two_byte(block)
    else:
        return None
    return next((element.value for element in elements if element.number == number), None)


def build(element: ExtensionElement) -> bytes:
    """Return a header extension with one element, in the one-byte form if it fits.

    Raises `ValueError` if the number is not 1 to 255, or the value is longer than 255 bytes.
    """
    number, value = element
    if number <= _MAX_ONE_BYTE_ID and 0 < len(value) <= _MAX_ONE_BYTE:
        profile, head = _ONE_BYTE, bytes((number << 4 | len(value) - 1,))
    else:
        profile, head = _TWO_BYTE, bytes((number, len(value)))
    body = head + value
    body += bytes(-len(body) % 4)
    return _HEADER.pack(profile, len(body) // 4) + body


def _one_byte(block: bytes) -> Iterator[ExtensionElement]:
    at = _HEADER.size
    while at < len(block):
        number, length = block[at] >> 4, (block[at] & 0x0F) + 1
        at += 1
        if number == _END:
            return
        if number == 0:  # padding, one byte whatever its length says
            continue
        if at + length > len(block):
            return
        yield ExtensionElement(number, block[at : at + length])
        at += length


def _two_byte(block: bytes) -> Iterator[ExtensionElement]:
    at = _HEADER.size
    while at < len(block):
        number = block[at]
        at += 1
        if number == 0:
            continue
        if at == len(block):
            return
        length = block[at]
        at += 1
        if at + length > len(block):
            return
        yield ExtensionElement(number, block[at : at + length])
        at += length
