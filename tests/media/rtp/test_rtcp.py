"""RTCP packets as bytes (RFC 3550 §6.4-§6.7)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.rtp.rtcp import (
    Goodbye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    build,
    parse,
)

U32 = st.integers(0, 0xFFFF_FFFF)

blocks = st.builds(
    ReportBlock,
    ssrc=U32,
    fraction_lost=st.integers(0, 255).map(lambda n: n / 256),
    lost=st.integers(-(2**23), 2**23 - 1),
    highest_sequence=U32,
    jitter=U32,
    last_sender_report=U32,
    delay_since=U32,
)
some_blocks = st.lists(blocks, max_size=3).map(tuple)
packets: st.SearchStrategy[RtcpPacket] = st.one_of(
    st.builds(
        SenderReport,
        ssrc=U32,
        ntp_time=st.integers(0, 2**64 - 1),
        timestamp=U32,
        packets=U32,
        octets=U32,
        blocks=some_blocks,
    ),
    st.builds(ReceiverReport, ssrc=U32, blocks=some_blocks),
    st.builds(SourceDescription, ssrc=U32, cname=st.text(max_size=30)),
    st.builds(Goodbye, ssrcs=st.lists(U32, max_size=3).map(tuple)),
)

BLOCK = ReportBlock(7, 0.25, -3, 0x1_0005, 480, 0xAABBCCDD, 65536)
REPORT = ReceiverReport(9, (BLOCK,))


@given(st.lists(packets, max_size=6).map(tuple))
def test_a_compound_is_read_back_as_it_was_built(compound: tuple[RtcpPacket, ...]) -> None:
    data = build(compound)
    assert len(data) % 4 == 0
    assert parse(data) == compound


def test_a_report_block_is_that_of_the_rfc() -> None:
    assert build((REPORT,)) == bytes.fromhex(
        "81c90007 00000009 00000007 40fffffd 00010005 000001e0 aabbccdd 00010000"
    )


def test_all_packets_lost_are_told_as_the_most_a_byte_can_say() -> None:
    data = build((ReceiverReport(1, (replace(BLOCK, fraction_lost=1.0),)),))
    assert data[12] == 255


def test_a_long_cname_is_cut() -> None:
    (found,) = parse(build((SourceDescription(1, "x" * 300),)))
    assert found == SourceDescription(1, "x" * 255)


@pytest.mark.parametrize(
    "other",
    [
        bytes.fromhex("80cc0002 00000001 6e616d65"),  # APP
        bytes.fromhex("81cd0003 00000001 00000002 00010000"),  # transport-wide feedback, a NACK
        bytes.fromhex("80cf0001 00000001"),  # XR
    ],
    ids=["APP", "feedback", "XR"],
)
def test_other_kinds_are_stepped_over(other: bytes) -> None:
    assert parse(other + build((REPORT,)) + other) == (REPORT,)


def test_padding_is_stepped_over() -> None:
    body = build((Goodbye((3,)),))[4:] + b"\x00\x00\x00\x04"
    assert parse(b"\xa1\xcb\x00\x02" + body) == (Goodbye((3,)),)


def test_other_items_of_a_description_are_stepped_over() -> None:
    chunk = b"\x00\x00\x00\x05" + b"\x02\x03tim" + b"\x01\x04me@x" + b"\x00"
    assert parse(b"\x81\xca\x00\x04" + chunk) == (SourceDescription(5, "me@x"),)


def test_a_description_may_have_several_chunks() -> None:
    one = b"\x00\x00\x00\x06\x01\x02bc\x00\x00\x00\x00"
    two = b"\x00\x00\x00\x05\x01\x01a\x00"
    found = parse(b"\x82\xca\x00\x05" + one + two)
    assert found == (SourceDescription(6, "bc"), SourceDescription(5, "a"))


@pytest.mark.parametrize(("cname", "zeros"), [("a", 1), ("bc", 4), ("def", 3), ("ghij", 2)])
def test_a_description_always_ends_with_a_zero(cname: str, zeros: int) -> None:
    data = build((SourceDescription(1, cname),))
    assert data.endswith(cname.encode() + bytes(zeros))
    assert len(data) % 4 == 0


@pytest.mark.parametrize("length", range(36))
def test_reading_ends_where_the_bytes_do(length: int) -> None:
    whole = build((REPORT, Goodbye((9,))))
    assert len(whole) == 40
    assert parse(whole[:length]) == ((REPORT,) if length >= 32 else ())


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\xc8\x00\x01\x00\x00\x00\x01",
        b"\x80\xc9\x00\x00",
        b"\x9f\xca\x00\x00",
        b"\x01\xc9\x00\x01\x00\x00\x00\x01",
    ],
    ids=["SR cut off", "RR without an SSRC", "SDES without chunks", "version 0"],
)
def test_a_packet_too_short_for_its_kind_is_none(data: bytes) -> None:
    assert parse(data) == ()


def test_a_count_beyond_the_packet_is_not_believed() -> None:
    report = bytearray(build((REPORT,)))
    report[0] = 0x9F
    goodbye = b"\x9f\xcb\x00\x01\x00\x00\x00\x08"
    assert parse(bytes(report) + goodbye) == (REPORT, Goodbye((8,)))


def test_a_datagram_of_headers_only_is_bounded() -> None:
    assert len(parse(b"\x80\xcb\x00\x00" * 5000)) == 32


@given(
    st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"\x9f\xca\x00\x10" + tail)
)
def test_nothing_raises(data: bytes) -> None:
    assert len(parse(data)) <= 32 * 31
