"""Writes pictures as PNG (ISO/IEC 15948), of as many colours as a byte has values."""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PALETTE_COLOUR: Final = 3
"""The colour type of pixels that are numbers of colours."""

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


def png(rows: Sequence[bytes], palette: Sequence[Colour]) -> bytes:
    """Return the picture; `rows` go from top to bottom, each a byte a pixel: its colour's number.

    All rows are of one length, and there is at least one pixel.
    """
    bits_per_sample = 8
    header = struct.pack(
        ">IIBBBBB", len(rows[0]), len(rows), bits_per_sample, _PALETTE_COLOUR, 0, 0, 0
    )
    colours = b"".join(bytes(colour) for colour in palette)
    unfiltered = b"".join(b"\0" + row for row in rows)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", colours),
            _chunk(b"IDAT", zlib.compress(unfiltered, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
