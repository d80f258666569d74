"""Audio that is bundled behind another medium, which alone has the transport (RFC 9143)."""

import pytest

from sipcli.sdp.audio import audio_media
from sipcli.sdp.description import Direction, MediaDescription
from sipcli.sdp.read import read
from sipcli.sdp.validation import Refused
from tests.sdp.ends import OTHER_DIGEST, answering, audio, local, negotiation, offering, sdp

SENDRECV = Direction.SENDRECV
GROUP = ("a=group:BUNDLE v a",)
TRANSPORT = ("a=ice-", "a=fingerprint", "a=setup", "a=candidate", "a=rtcp-mux", "c=")
LINE = "m=audio 0 UDP/TLS/RTP/SAVPF 111 0 101"


def video(line: str = "m=video 6000 UDP/TLS/RTP/SAVPF 96 97", ufrag: str = "peer") -> list[str]:
    """The tagged medium."""
    about = ("a=mid:v", "a=rtpmap:96 VP8/90000", "a=fmtp:96 x=1", "a=rtpmap:97 rtx/90000")
    lines = audio(*about, line=line, without=["a=rtpmap:111", "a=rtpmap:101"], ufrag=ufrag)
    return [each.replace(" 5000 typ", " 6000 typ") for each in lines]


def carried(*plus: str, line: str = LINE) -> list[str]:
    """Audio without a transport of its own."""
    return audio("a=mid:a", *plus, line=line, without=TRANSPORT)


OFFER = sdp(video(), carried("a=bundle-only"), session=GROUP)


def both(text: str) -> tuple[MediaDescription, MediaDescription]:
    tagged, ours = read(text).media
    return tagged, ours


def test_bundle_only_audio_is_taken_by_the_transport_of_the_tagged_medium() -> None:
    us = negotiation()
    text, agreed = answering(us, OFFER)
    assert agreed.transport.remote.ufrag == "peer"
    assert [each.port for each in agreed.transport.remote.candidates] == [6000]
    assert agreed.transport.fingerprints[0].value == OTHER_DIGEST
    tagged, ours = both(text)
    assert read(text).value("group") == "BUNDLE v a"
    assert (tagged.kind, tagged.port, tagged.formats) == ("video", 40000, ("96",))
    assert tagged.has("inactive")
    assert [*tagged.values("rtpmap")] == ["96 VP8/90000"]
    assert [*tagged.values("fmtp")] == ["96 x=1"]
    assert tagged.value("ice-ufrag") == "ours"
    assert tagged.value("setup") == "active"
    assert tagged.has("candidate")
    assert (ours.kind, ours.port) == ("audio", 40000)
    assert ours.has("sendrecv")
    assert ours.has("rtcp-mux")
    for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "candidate", "bundle-only"):
        assert not ours.has(name), name


def test_later_offers_of_ours_keep_the_tagged_medium() -> None:
    us = negotiation()
    answering(us, OFFER)
    answer = sdp(video(), carried(line=LINE.replace(" 0 ", " 6000 ", 1)), session=GROUP)
    offer, agreed = offering(us, answer.replace("actpass", "active"), transport=local("anew"))
    tagged, ours = both(offer)
    assert read(offer).value("group") == "BUNDLE v a"
    assert (tagged.port, tagged.value("ice-ufrag"), tagged.value("setup")) == (
        40000,
        "anew",
        "actpass",
    )
    assert ours.port == 40000
    assert not ours.has("ice-ufrag")
    assert agreed.transport.remote.ufrag == "peer"
    assert not agreed.transport.new_association


def test_a_later_offer_of_theirs_may_have_the_port_and_no_transport() -> None:
    us = negotiation()
    answering(us, OFFER)
    later = sdp(video(), carried(line=LINE.replace(" 0 ", " 6000 ", 1)), session=GROUP)
    text, agreed = answering(us, later)
    assert [bool(each.port) for each in both(text)] == [True, True]
    assert not agreed.transport.new_association


def test_a_carrier_that_the_answer_refuses_is_refused_from_then_on() -> None:
    us = negotiation()
    answering(us, OFFER)
    answer = sdp(
        video("m=video 0 UDP/TLS/RTP/SAVPF 96"),
        audio("a=mid:a", setup="active"),
        session=("a=group:BUNDLE a",),
    )
    _, agreed = offering(us, answer)
    assert agreed.transport.remote.candidates[0].port == 5000
    offer = us.create_offer(local(), SENDRECV)
    tagged, ours = both(offer)
    assert (tagged.port, ours.port) == (0, 40000)
    assert ours.value("ice-ufrag") == "ours"
    assert read(offer).value("group") == "BUNDLE a"


def test_a_later_member_with_a_transport_of_its_own_needs_no_other() -> None:
    """As browsers write it: the video is refused, and the audio stays."""
    text, agreed = answering(negotiation(), sdp(video(), audio("a=mid:a"), session=GROUP))
    tagged, ours = both(text)
    assert (tagged.port, ours.port) == (0, 40000)
    assert read(text).value("group") == "BUNDLE a"
    assert [each.port for each in agreed.transport.remote.candidates] == [5000]


def test_the_first_live_member_carries_it() -> None:
    off = video("m=video 0 UDP/TLS/RTP/SAVPF 96")
    other = [each.replace("a=mid:v", "a=mid:w") for each in video(ufrag="other")]
    group = ("a=group:BUNDLE gone v w a",)
    text, agreed = answering(
        negotiation(), sdp(off, other, carried("a=bundle-only"), session=group)
    )
    assert agreed.transport.remote.ufrag == "other"
    assert [bool(each.port) for each in read(text).media] == [False, True, True]
    assert read(text).value("group") == "BUNDLE w a"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            sdp(video("m=video 0 x 96"), carried("a=bundle-only"), session=GROUP),
            "the audio is bundle-only, and no medium in its bundle has a port",
        ),
        (
            sdp(video(), carried("a=bundle-only")),
            "the audio is bundle-only, and no medium in its bundle has a port",
        ),
        (sdp(video(), carried(), session=GROUP), "switched off (port 0)"),
        (
            sdp(
                video("m=application 6000 UDP/DTLS/SCTP webrtc-datachannel"),
                carried("a=bundle-only"),
                session=GROUP,
            ),
            "bundled behind a medium that is not accepted here (application)",
        ),
        (
            sdp(video("m=x\x1b[2J 6000 y 1"), carried("a=bundle-only"), session=GROUP),
            "bundled behind a medium that is not accepted here (another kind)",
        ),
    ],
    ids=["carrier off", "no group", "not bundle-only", "data channel", "hostile kind"],
)
def test_what_cannot_be_carried_is_refused_with_the_reason(text: str, says: str) -> None:
    us = negotiation()
    refused = us.receive_offer(text)
    assert isinstance(refused, Refused)
    assert says in refused.text
    assert refused.text.isprintable()


def test_a_group_that_names_the_same_medium_twice_ends() -> None:
    (found,) = audio_media(
        read(sdp(carried("a=bundle-only"), session=("a=group:BUNDLE a a", "a=group:BUNDLE")))
    )
    assert found.carrier is None
