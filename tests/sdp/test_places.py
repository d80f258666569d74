"""Several media: each keeps its place, ours is the audio."""

import pytest

from sipcli.sdp.description import Direction
from sipcli.sdp.read import read
from sipcli.sdp.validation import Refused
from tests.sdp.ends import (
    PEERS,
    answering,
    audio,
    audio_of,
    local,
    negotiation,
    offering,
    sdp,
)

SENDRECV = Direction.SENDRECV
OFFER = sdp(audio())


def test_media_we_do_not_use_keep_place_name_protocol_and_formats() -> None:
    us = negotiation()
    text, _ = answering(us, PEERS["chromium_audio_video"])
    (_, video) = read(text).media
    assert "m=video 0 UDP/TLS/RTP/SAVPF 96 97 103\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n" in text
    assert video.has("inactive")
    assert not video.has("candidate")
    offer = us.create_offer(local(), SENDRECV)
    assert [(each.kind, bool(each.port)) for each in read(offer).media] == [
        ("audio", True),
        ("video", False),
    ]
    assert read(offer).media[1] == video
    assert read(offer).value("group") == "BUNDLE 0"


def test_names_and_bundle_of_later_offers_are_those_of_the_last_exchange() -> None:
    us = negotiation()
    answering(us, sdp(audio("a=mid:sound"), session=["a=group:BUNDLE sound"]))
    offer, _ = offering(us, sdp(audio("a=mid:other")))
    assert audio_of(offer).value("mid") == "sound"
    assert read(offer).value("group") == "BUNDLE sound"
    later = us.create_offer(local(), SENDRECV)
    assert audio_of(later).value("mid") == "sound", "an answer cannot change a name"
    assert read(later).value("group") is None, "the answer was in no bundle"


def test_a_far_end_without_names_gets_none() -> None:
    us = negotiation()
    text, _ = answering(us, OFFER)
    offer = us.create_offer(local(), SENDRECV)
    for description in (read(text), read(offer)):
        assert description.value("group") is None
        assert not description.media[0].has("mid")


def test_the_place_of_the_audio_stays_though_another_could_be_used() -> None:
    us = negotiation()
    off = audio(line="m=audio 0 UDP/TLS/RTP/SAVPF 111")
    answering(us, sdp(off, audio()))
    text, _ = answering(us, sdp(audio(), audio()))
    assert [bool(each.port) for each in read(text).media] == [False, True]
    offer = us.create_offer(local(), SENDRECV)
    assert [bool(each.port) for each in read(offer).media] == [False, True]


def test_the_audio_may_move_to_another_place() -> None:
    us = negotiation()
    answering(us, sdp(audio(), ["m=video 0 x 0"]))
    off = audio(line="m=audio 0 UDP/TLS/RTP/SAVPF 111")
    answering(us, sdp(off, ["m=video 0 x 0"], audio()))
    offer = us.create_offer(local(), SENDRECV)
    assert [bool(each.port) for each in read(offer).media] == [False, False, True]


def test_an_answer_with_more_media_than_offered_counts_by_place() -> None:
    _, agreed = offering(negotiation(), sdp(audio(), ["m=video 5002 x 0"]))
    assert agreed.codec.encoding == "opus"


@pytest.mark.parametrize(
    "answer",
    [
        sdp(),
        sdp(["m=video 5002 x 0"], audio()),
        sdp(audio(line="m=audio 0 UDP/TLS/RTP/SAVPF 111"), audio()),
    ],
)
def test_an_answer_without_audio_in_its_place_is_of_no_use(answer: str) -> None:
    us = negotiation()
    us.create_offer(local(), SENDRECV)
    assert isinstance(us.receive_answer(answer), Refused)


def test_the_far_end_switches_its_audio_off() -> None:
    us = negotiation()
    _, before = answering(us, OFFER)
    refused = us.receive_offer(sdp(audio(line="m=audio 0 UDP/TLS/RTP/SAVPF 111")))
    assert isinstance(refused, Refused)
    assert us.agreed == before
