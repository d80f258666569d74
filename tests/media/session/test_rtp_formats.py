"""What was agreed, and what the user wants, as the sound's two halves take it."""

from dataclasses import replace
from typing import Any

import pytest

from sipcli.catalog.codecs import OPUS, PCMU
from sipcli.config.tables import OpusTable
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.rtp.extension import ExtensionElement, OneOf
from sipcli.media.session import rtp_formats
from sipcli.sdp.description import Direction
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import Negotiation
from sipcli.sdp.opus_fmtp import OpusWishes
from tests.sdp.ends import answering, audio, negotiation, offering, sdp

LINE = "m=audio 5000 UDP/TLS/RTP/SAVPF 111 63 0"
RED = ("a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111")


def red_dialog() -> Negotiation:
    return Negotiation(10, Preferences(red=True))


def agreed(*lines: str, line: str = LINE) -> NegotiatedMedia:
    return answering(red_dialog(), sdp(audio(*lines, line=line)))[1]


def opus(parameters: str = "useinbandfec=1", **ours: Any) -> OpusSettings:
    found = rtp_formats.outbound(agreed(f"a=fmtp:111 {parameters}"), OpusTable(**ours)).opus
    assert found is not None
    return found


def test_opus_is_sent_as_the_user_wants_it() -> None:
    assert opus() == OpusSettings()
    wanted = OpusSettings(bitrate=20_000, complexity=3, fec=False, dtx=True)
    assert opus(bitrate=20_000, complexity=3, fec=False, dtx=True) == wanted


def test_the_defaults_are_the_same_wherever_they_stand() -> None:
    ours, encoders = OpusTable(), OpusSettings()
    assert (ours.bitrate, ours.complexity, ours.fec, ours.dtx) == (
        encoders.bitrate,
        encoders.complexity,
        encoders.fec,
        encoders.dtx,
    )


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("useinbandfec=1;maxaveragebitrate=12000", OpusSettings(bitrate=12_000)),
        ("useinbandfec=1;maxaveragebitrate=64000", OpusSettings()),
        ("useinbandfec=0", OpusSettings(fec=False)),
        ("useinbandfec=1;usedtx=1", OpusSettings(dtx=True)),
        ("useinbandfec=1;cbr=1", OpusSettings(cbr=True)),
        ("useinbandfec=1;maxplaybackrate=16000", OpusSettings(max_playback_rate=16_000)),
        ("useinbandfec=1;stereo=1;sprop-stereo=1", OpusSettings()),
    ],
)
def test_what_the_far_end_wants_is_the_limit(parameters: str, expected: OpusSettings) -> None:
    assert opus(parameters) == expected


def test_the_bandwidth_is_a_limit_too_and_for_all_that_a_packet_holds() -> None:
    def most(*lines: str, limit: str = "") -> tuple[int, int]:
        fmtp = f"a=fmtp:111 useinbandfec=1{limit}"
        found = rtp_formats.outbound(agreed(fmtp, *RED, *lines), OpusTable())
        assert found.opus is not None
        return found.opus.bitrate, found.max_redundant

    assert most() == (32_000, 2)
    assert most("b=TIAS:80000") == (32_000, 1)
    assert most("b=TIAS:50000") == (32_000, 0)
    assert most("b=TIAS:20000") == (20_000, 0)
    assert most("b=TIAS:1") == (6_000, 0)
    assert most(limit=";maxaveragebitrate=64000") == (32_000, 1)
    assert most("b=TIAS:80000", limit=";maxaveragebitrate=24000") == (24_000, 0)


def test_red_is_sent_and_taken_where_both_want_it() -> None:
    both = agreed(*RED)
    assert rtp_formats.outbound(both, OpusTable()).red == 63
    assert rtp_formats.inbound(both).red == {63}
    assert rtp_formats.outbound(agreed(line=LINE.replace(" 63", "")), OpusTable()).red is None
    without = answering(negotiation(), sdp(audio(*RED, line=LINE)))[1]
    assert rtp_formats.outbound(without, OpusTable()).red is None
    assert rtp_formats.inbound(without).red == frozenset()


def test_with_another_codec_there_is_no_red_and_no_opus() -> None:
    found = rtp_formats.outbound(
        agreed(*RED, line=LINE.replace("111 63 0", "0 63 111")), OpusTable()
    )
    assert (found.codec, found.opus, found.red) == (PCMU, None, None)


def test_an_answer_without_red_leaves_it_out() -> None:
    _, found = offering(red_dialog(), sdp(audio(line=LINE.replace(" 63", ""))))
    assert rtp_formats.outbound(found, OpusTable()).red is None
    assert found.direction is Direction.SENDRECV
    assert rtp_formats.outbound(found, OpusTable()).codec == OPUS


def test_what_is_asked_of_the_far_end_is_what_the_user_wants() -> None:
    assert rtp_formats.wishes(OpusTable()) == OpusWishes(fec=True)
    ours = replace(OpusTable(), bitrate=24_000, fec=False, dtx=True)
    assert rtp_formats.wishes(ours) == OpusWishes(dtx=True, max_average_bitrate=24_000)
    assert rtp_formats.wishes(OpusTable(bitrate=64_000)) == OpusWishes(fec=True), "more is no limit"
    (first, *_) = Preferences(codecs=("opus",), opus=rtp_formats.wishes(ours)).formats
    assert first.parameters == "minptime=10;usedtx=1;maxaveragebitrate=24000"


def test_the_name_of_the_medium_is_sent_where_it_is_wanted() -> None:
    def found(line: str) -> ExtensionElement | None:
        terms = agreed("a=mid:0", f"a=extmap:{line} urn:ietf:params:rtp-hdrext:sdes:mid")
        assert rtp_formats.inbound(terms).foreign is None
        return rtp_formats.outbound(terms, OpusTable()).mid

    assert found("3") == ExtensionElement(3, b"0")
    assert found("3/sendonly") is None
    assert found("3/inactive") is None


def test_the_names_of_other_media_are_known_by_what_packets_bear() -> None:
    sound = audio("a=mid:0", "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid", line=LINE)
    video = ["m=video 5002 UDP/TLS/RTP/SAVPF 96", "a=mid:v"]
    twin = ["m=text 5004 UDP/TLS/RTP/SAVPF 98", "a=mid:0"]
    unnamed = ["m=image 5006 udptl t38"]
    _, terms = answering(red_dialog(), sdp(sound, video, twin, unnamed))
    assert rtp_formats.inbound(terms).foreign == OneOf(3, frozenset((b"v",)))


def test_the_sources_that_the_far_end_announces_are_known() -> None:
    assert rtp_formats.inbound(agreed("a=ssrc:5 cname:x")).sources == {5}


@pytest.mark.parametrize(
    ("lines", "ms"),
    [
        ((), 20),
        (("a=ptime:10",), 10),
        (("a=ptime:40",), 40),
        (("a=ptime:60", "a=maxptime:40"), 40),
        (("a=maxptime:10",), 10),
        (("a=maxptime:60",), 20),
        (("a=ptime:30",), 20),
        (("a=ptime:0",), 20),
        (("a=ptime:x", "a=maxptime:-1"), 20),
    ],
)
def test_packets_are_as_long_as_the_far_end_asks_for(lines: tuple[str, ...], ms: int) -> None:
    assert rtp_formats.outbound(agreed(*lines), OpusTable()).packet_ms == ms
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 0"
    if lines == ("a=ptime:30",):
        assert rtp_formats.outbound(agreed(*lines, line=line), OpusTable()).packet_ms == 30
