"""RTCP as the JSON that Homer draws its quality charts from.

HEP has no protocol number for RTCP as it is on the wire. Capture agents (heplify, rtpengine,
captagent) send one such object for each compound packet; the names in it are theirs.
"""

import json
from typing import Any, Final

from sipcli.media.rtp import rtcp
from sipcli.media.rtp.rtcp import (
    ExtendedReport,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
)
from sipcli.media.rtp.xr import VoipMetrics

_SENDER_REPORT, _RECEIVER_REPORT = 200, 201
_VOIP_METRICS: Final = 7


def rtcp_json(data: bytes) -> bytes | None:
    """Return a compound packet as JSON; None if it has no report (RFC 3550 §6.4, RFC 3611 §4.7).

    Of several reports of a kind it has the last.
    """
    fields: dict[str, Any] = {}
    for packet in rtcp.parse(data):
        fields |= _fields(packet)
    return json.dumps(fields, separators=(",", ":")).encode() if "ssrc" in fields else None


def _fields(packet: RtcpPacket) -> dict[str, Any]:
    match packet:
        case SenderReport():
            report = _report(_SENDER_REPORT, packet)
            return {"sender_information": _sender_information(packet), **report}
        case ReceiverReport():
            return _report(_RECEIVER_REPORT, packet)
        case ExtendedReport():
            return {"ssrc": packet.ssrc, "report_blocks_xr": _voip_metrics(packet.metrics[-1])}
        case SourceDescription():
            return {"sdes_ssrc": packet.ssrc}
        case _:
            return {}


def _report(kind: int, packet: SenderReport | ReceiverReport) -> dict[str, Any]:
    return {
        "ssrc": packet.ssrc,
        "type": kind,
        "report_count": len(packet.blocks),
        "report_blocks": [_report_block(block) for block in packet.blocks],
    }


def _sender_information(report: SenderReport) -> dict[str, int]:
    seconds, fraction = divmod(report.ntp_time, 1 << 32)
    return {
        "ntp_timestamp_sec": seconds,
        "ntp_timestamp_usec": fraction,  # named so, but in units of 2**-32 s, by all agents
        "rtp_timestamp": report.timestamp,
        "packets": report.packets,
        "octets": report.octets,
    }


def _report_block(block: ReportBlock) -> dict[str, int]:
    return {
        "source_ssrc": block.ssrc,
        "fraction_lost": _of_256(block.fraction_lost),
        "packets_lost": block.lost,
        "highest_seq_no": block.highest_sequence,
        "ia_jitter": block.jitter,
        "lsr": block.last_sender_report,
        "dlsr": block.delay_since,
    }


def _voip_metrics(metrics: VoipMetrics) -> dict[str, int]:
    return {
        "type": _VOIP_METRICS,
        "id": metrics.ssrc,
        "fraction_lost": _of_256(metrics.loss_rate),
        "fraction_discard": _of_256(metrics.discard_rate),
        "burst_density": _of_256(metrics.burst_density),
        "gap_density": _of_256(metrics.gap_density),
        "burst_duration": metrics.burst_duration_ms,
        "gap_duration": metrics.gap_duration_ms,
        "round_trip_delay": metrics.round_trip_ms,
        "end_system_delay": metrics.end_system_delay_ms,
    }


def _of_256(share: float) -> int:
    return min(255, round(share * 256))
