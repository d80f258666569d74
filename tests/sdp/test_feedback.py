"""What RTCP may tell, and how soon: the profile, and the metrics of RFC 3611."""

import pytest

from sipcli.sdp.description import Direction
from tests.sdp.ends import answering, audio, audio_of, local, negotiation, offering, sdp

XR = "a=rtcp-xr:rcvr-rtt=all:10000 voip-metrics stat-summary=loss"


@pytest.mark.parametrize(
    ("protocol", "avpf"),
    [("UDP/TLS/RTP/SAVPF", True), ("RTP/SAVPF", True), ("UDP/TLS/RTP/SAVP", False)],
)
def test_the_profile_says_whether_reports_may_come_soon(protocol: str, avpf: bool) -> None:
    line = f"m=audio 5000 {protocol} 111"
    assert answering(negotiation(), sdp(audio(line=line)))[1].avpf is avpf


def test_our_offers_ask_for_metrics() -> None:
    offer = audio_of(negotiation().create_offer(local(), Direction.SENDRECV))
    assert offer.value("rtcp-xr") == "voip-metrics"


def test_our_answers_ask_for_them_where_the_far_end_does() -> None:
    text, agreed = answering(negotiation(), sdp(audio(XR)))
    assert audio_of(text).value("rtcp-xr") == "voip-metrics"
    assert agreed.voip_metrics
    text, agreed = answering(negotiation(), sdp(audio()))
    assert not audio_of(text).has("rtcp-xr")
    assert not agreed.voip_metrics


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (XR, True),
        ("a=rtcp-xr:VoIP-Metrics", True),
        ("a=rtcp-xr", False),
        ("a=rtcp-xr:", False),
        ("a=rtcp-xr:pkt-loss-rle voip-metricsx", False),
    ],
)
def test_metrics_are_sent_to_those_who_name_them(line: str, wanted: bool) -> None:
    assert offering(negotiation(), sdp(audio(line)))[1].voip_metrics is wanted


def test_what_holds_for_the_session_holds_for_its_audio() -> None:
    assert answering(negotiation(), sdp(audio(), session=[XR]))[1].voip_metrics
