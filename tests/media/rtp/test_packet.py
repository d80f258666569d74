"""RTP packets as bytes (RFC 3550 §5.1)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.rtp.packet import RtpPacket, build, parse

PACKET = RtpPacket(111, 0x1234, 0x89ABCDEF, 0xCAFEF00D, b"sound", marker=True)

packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFF_FFFF),
    ssrc=st.integers(0, 0xFFFF_FFFF),
    payload=st.binary(max_size=50),
    marker=st.booleans(),
    extension=st.integers(0, 3).map(
        lambda words: struct.pack("!HH", 0xBEDE, words) + bytes(4 * words)
    )
    | st.just(b""),
)


def header(flags: int, *, csrcs: int = 0) -> bytes:
    sources = bytes(4 * csrcs)
    return struct.pack("!BBHLL", 0x80 | flags | csrcs, 0xEF, 0x1234, 0x89ABCDEF, 0xCAFEF00D) + (
        sources
    )


def test_the_header_is_that_of_the_rfc() -> None:
    assert build(PACKET) == bytes.fromhex("80ef123489abcdefcafef00d") + b"sound"


@given(packets)
def test_what_is_built_is_read_back(packet: RtpPacket) -> None:
    assert parse(build(packet)) == packet


@pytest.mark.parametrize(
    "data",
    [
        header(0, csrcs=2) + b"sound",
        header(0x10) + b"\xbe\xde\x00\x01" + bytes(4) + b"sound",
        header(0x10) + b"\x10\x00\x00\x02" + bytes(8) + b"sound",
        header(0x10) + b"\x00\x00\x00\x00" + b"sound",
        header(0x20) + b"sound" + b"\x00\x00\x03",
        header(0x30, csrcs=15) + b"\xff\xff\x00\x01" + bytes(4) + b"sound" + b"\x01",
    ],
    ids=["csrc", "one-byte", "two-byte", "empty extension", "padding", "all of it"],
)
def test_what_stands_around_the_payload_is_stepped_over(data: bytes) -> None:
    packet = parse(data)
    assert packet is not None
    assert packet._replace(extension=b"") == PACKET


def test_a_packet_may_be_all_padding() -> None:
    packet = parse(header(0x20) + bytes(254) + b"\xff")
    assert packet is not None
    assert packet.payload == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        header(0)[:11],
        b"\x00" + header(0)[1:],
        b"\xc0" + header(0)[1:],
        header(0, csrcs=2)[:-1],
        header(0x10) + b"\xbe\xde\x00",
        header(0x10) + b"\xbe\xde\x00\x02" + bytes(7),
        header(0x20) + b"sound\x00",
        header(0x20) + b"so\x04",
    ],
    ids=[
        "empty",
        "short",
        "version 0",
        "version 3",
        "csrc cut off",
        "extension header cut off",
        "extension cut off",
        "no padding though it says so",
        "padding beyond the header",
    ],
)
def test_what_is_no_packet_is_none(data: bytes) -> None:
    assert parse(data) is None


@given(st.binary(max_size=64).map(lambda tail: b"\x90" + tail) | st.binary(max_size=64))
def test_nothing_raises(data: bytes) -> None:
    packet = parse(data)
    assert packet is None or len(packet.payload) <= len(data) - 12
