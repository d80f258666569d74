"""VoIP metrics on the wire (RFC 3611 §4.7)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.rtp.rtcp import ExtendedReport, ReceiverReport, build, parse
from sipcli.media.rtp.xr import VoipMetrics, blocks
from sipcli.media.rtp.xr import build as build_block

METRICS = VoipMetrics(
    ssrc=0x01020304,
    loss_rate=0.25,
    discard_rate=0.5,
    burst_density=0.75,
    gap_density=0.125,
    burst_duration_ms=60,
    gap_duration_ms=4000,
    round_trip_ms=80,
    end_system_delay_ms=55,
    signal_level_dbm0=-20,
    noise_level_dbm0=-70,
    r_factor=88,
    mos_lq=4.2,
    mos_cq=4.1,
    rx_config=0xB1,
    jb_nominal_ms=20,
    jb_maximum_ms=40,
    jb_abs_max_ms=240,
)
BLOCK = bytes.fromhex(
    "07000008 01020304 4080c020 003c0fa0 00500037 ecba7f10 587f2a29 b1000014 002800f0"
)
"""The same, put together by hand from the figure in §4.7."""


def test_every_field_has_its_place() -> None:
    assert build_block(METRICS) == BLOCK
    assert list(blocks(BLOCK)) == [METRICS]


def test_it_travels_behind_a_report() -> None:
    packets = (ReceiverReport(9), ExtendedReport(9, (METRICS,)))
    data = build(packets)
    assert data[8:12] == b"\x80\xcf\x00\x0a"
    assert parse(data) == packets


def test_what_is_not_known_says_so() -> None:
    unknown = replace(
        METRICS, signal_level_dbm0=None, noise_level_dbm0=None, r_factor=None, mos_lq=None
    )
    assert list(blocks(build_block(unknown))) == [unknown]
    assert build_block(unknown)[20:22] == b"\x7f\x7f"


def test_what_is_beyond_a_field_is_the_nearest_that_is_not() -> None:
    wild = replace(
        METRICS,
        loss_rate=1.5,
        burst_duration_ms=10**9,
        gap_duration_ms=-1,
        signal_level_dbm0=500,
        noise_level_dbm0=-500,
        r_factor=-3,
        mos_cq=9.0,
    )
    (read,) = blocks(build_block(wild))
    assert read == replace(
        METRICS,
        loss_rate=255 / 256,
        burst_duration_ms=65_535,
        gap_duration_ms=0,
        signal_level_dbm0=126,
        noise_level_dbm0=-127,
        r_factor=0,
        mos_cq=5.0,
    )


def test_a_score_outside_the_scale_is_none() -> None:
    (read,) = blocks(BLOCK[:26] + b"\x00\xff" + BLOCK[28:])
    assert (read.mos_lq, read.mos_cq) == (None, None)


def test_other_blocks_are_stepped_over() -> None:
    receiver_time = b"\x04\x00\x00\x02" + bytes(8)
    assert list(blocks(receiver_time + BLOCK + receiver_time + BLOCK)) == [METRICS, METRICS]


@pytest.mark.parametrize(
    "body", [b"", BLOCK[:-1], BLOCK[:3], b"\x07\x00\x00\x07" + bytes(28), b"\x07\x00\xff\xff"]
)
def test_a_broken_block_is_none(body: bytes) -> None:
    assert list(blocks(body)) == []


@given(st.binary(max_size=1500))
def test_garbage_costs_nothing(body: bytes) -> None:
    assert len(list(blocks(body))) <= len(body) // 36
    parse(b"\x80\xcf" + (len(body) // 4).to_bytes(2, "big") + body)
