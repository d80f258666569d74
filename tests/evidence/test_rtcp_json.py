"""RTCP as Homer's capture agents report it."""

import json
from typing import Any

from sipcli.evidence.rtcp_json import rtcp_json
from sipcli.media.rtp import rtcp
from sipcli.media.rtp.rtcp import (
    ExtendedReport,
    Goodbye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
)
from sipcli.media.rtp.xr import VoipMetrics

BLOCK = ReportBlock(
    ssrc=9,
    fraction_lost=0.25,
    lost=-3,
    highest_sequence=70_000,
    jitter=160,
    last_sender_report=10,
    delay_since=11,
)
BLOCK_AS_JSON = {
    "source_ssrc": 9,
    "fraction_lost": 64,
    "packets_lost": -3,
    "highest_seq_no": 70_000,
    "ia_jitter": 160,
    "lsr": 10,
    "dlsr": 11,
}
METRICS = VoipMetrics(
    ssrc=9,
    loss_rate=0.5,
    discard_rate=1.0,
    burst_density=0.125,
    gap_density=0.0,
    burst_duration_ms=40,
    gap_duration_ms=500,
    round_trip_ms=30,
    end_system_delay_ms=60,
)


def as_json(*packets: rtcp.RtcpPacket) -> Any:
    data = rtcp_json(rtcp.build(packets))
    return None if data is None else json.loads(data)


def test_a_sender_report() -> None:
    report = SenderReport(1, (3_900_000_000 << 32) + 5, 160, 50, 8000, (BLOCK,))
    assert as_json(report, SourceDescription(1, "a")) == {
        "sender_information": {
            "ntp_timestamp_sec": 3_900_000_000,
            "ntp_timestamp_usec": 5,
            "rtp_timestamp": 160,
            "packets": 50,
            "octets": 8000,
        },
        "ssrc": 1,
        "type": 200,
        "report_count": 1,
        "report_blocks": [BLOCK_AS_JSON],
        "sdes_ssrc": 1,
    }


def test_a_receiver_report_with_voip_metrics() -> None:
    assert as_json(ReceiverReport(1, (BLOCK,)), ExtendedReport(1, (METRICS,))) == {
        "ssrc": 1,
        "type": 201,
        "report_count": 1,
        "report_blocks": [BLOCK_AS_JSON],
        "report_blocks_xr": {
            "type": 7,
            "id": 9,
            "fraction_lost": 128,
            "fraction_discard": 255,
            "burst_density": 32,
            "gap_density": 0,
            "burst_duration": 40,
            "gap_duration": 500,
            "round_trip_delay": 30,
            "end_system_delay": 60,
        },
    }


def test_what_is_no_report() -> None:
    assert as_json(Goodbye((1,))) is None
    assert rtcp_json(b"") is None
    assert rtcp_json(b"\x80\xc8\xff\xff" + bytes(4)) is None
