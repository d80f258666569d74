"""Which codec is sent, under which number, and that a number keeps its meaning."""

import pytest

from sipcli.sdp.description import Direction
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiation import Negotiation
from tests.sdp.ends import (
    DIGEST,
    answering,
    audio,
    audio_of,
    local,
    negotiation,
    offering,
    sdp,
)

SENDRECV = Direction.SENDRECV


def test_an_answer_keeps_the_order_of_the_offer() -> None:
    text, agreed = answering(
        negotiation(), sdp(audio(line="m=audio 5000 UDP/TLS/RTP/SAVPF 8 0 111"))
    )
    assert audio_of(text).formats == ("8", "0", "111")
    assert agreed.codec.encoding == "pcma"


def test_a_list_of_codecs_that_the_user_wrote_is_a_reason_for_another_order() -> None:
    us = negotiation("opus", "pcma", own_order=True)
    text, agreed = answering(us, sdp(audio(line="m=audio 5000 UDP/TLS/RTP/SAVPF 8 0 111 101")))
    assert audio_of(text).formats == ("111", "8", "101")
    assert agreed.codec.encoding == "opus"
    offering(us, sdp(audio(line="m=audio 5000 UDP/TLS/RTP/SAVPF 8")))
    offer = us.create_offer(local(), SENDRECV)
    assert audio_of(offer).formats == ("111", "8", "110", "101")


@pytest.mark.parametrize("order", ["63 111 0", "111 63 0", "0 63 111"])
def test_redundancy_stands_first_in_an_answer_where_the_offer_has_it_first(order: str) -> None:
    us = Negotiation(1, Preferences(red=True))
    red = ("a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111")
    text, agreed = answering(us, sdp(audio(*red, line=f"m=audio 5000 UDP/TLS/RTP/SAVPF {order}")))
    answer = audio_of(text).formats
    assert (answer[0] == "63") is order.startswith("63")
    assert agreed.codec.encoding == ("pcmu" if order.startswith("0") else "opus")
    assert (agreed.red is None) is order.startswith("0"), "there is none for other codecs"


def test_we_send_the_first_codec_of_the_answer() -> None:
    _, agreed = offering(negotiation(), sdp(audio(line="m=audio 5000 UDP/TLS/RTP/SAVPF 0 111")))
    assert agreed.codec.encoding == "pcmu"


def test_a_codec_we_did_not_offer_is_not_sent() -> None:
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 18 9 111 0"
    _, agreed = offering(negotiation("pcmu"), sdp(audio("a=rtpmap:18 G729/8000", line=line)))
    assert [each.encoding for each in agreed.sends] == ["pcmu"]


def test_we_send_their_numbers_and_receive_ours_and_theirs() -> None:
    """RFC 3264 §5.1; that peers may send with their own numbers is patience."""
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 98 100"
    lines = ("a=rtpmap:98 opus/48000/2", "a=rtpmap:100 telephone-event/48000")
    _, agreed = offering(negotiation("opus"), sdp(audio(*lines, line=line)))
    assert [each.payload_type for each in agreed.sends] == [98, 100]
    receives = {each.payload_type: each.encoding for each in agreed.receives}
    assert receives == {
        111: "opus",
        98: "opus",
        110: "telephone-event",
        100: "telephone-event",
    }


def test_our_later_offers_keep_the_numbers_and_the_order_agreed() -> None:
    """Stock aiortc says 96 after having answered 111, and the peer goes silent."""
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 8 98 126"
    lines = ("a=rtpmap:98 opus/48000/2", "a=rtpmap:126 telephone-event/8000")
    us = negotiation()
    answering(us, sdp(audio(*lines, line=line)))
    offer = us.create_offer(local(), SENDRECV)
    assert audio_of(offer).formats == ("8", "98", "9", "0", "110", "126")


def test_a_number_never_changes_its_meaning() -> None:
    us = negotiation()
    first = ("a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000")
    answering(us, sdp(audio(*first, line="m=audio 5000 UDP/TLS/RTP/SAVPF 96 97")))
    swapped = ("a=rtpmap:97 opus/48000/2", "a=rtpmap:96 telephone-event/8000")
    text, agreed = answering(us, sdp(audio(*swapped, line="m=audio 5000 UDP/TLS/RTP/SAVPF 97 96")))
    assert audio_of(text).formats == ("96", "97"), "ours mean what they meant"
    assert [each.payload_type for each in agreed.sends] == [97, 96], "theirs are theirs to choose"
    assert {each.payload_type: each.encoding for each in agreed.receives} == {
        96: "opus",
        97: "telephone-event",
    }


def test_a_number_that_the_far_end_uses_for_something_else_is_not_taken() -> None:
    us = negotiation()
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 0 111 110"
    lines = ("a=rtpmap:111 iLBC/8000", "a=rtpmap:110 speex/8000")
    answering(us, sdp(audio(*lines, line=line, without=["a=rtpmap"])))
    offer = us.create_offer(local(), SENDRECV)
    assert audio_of(offer).formats == ("0", "96", "9", "8", "97", "101")


def test_numbers_are_kept_over_a_rollback() -> None:
    us = negotiation()
    us.create_offer(local(), SENDRECV)
    us.rollback()
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 96"
    answering(us, sdp(audio("a=rtpmap:96 opus/48000/2", line=line)))
    us.receive_offer(sdp(audio("a=rtpmap:97 opus/48000/2", line=line.replace("96", "97"))))
    us.rollback()
    assert "96" in audio_of(us.create_offer(local(), SENDRECV)).formats


def test_a_new_association_starts_with_fresh_numbers() -> None:
    """A server that connects the call to somebody else passes on that one's numbers."""
    us = negotiation()
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 96"
    answering(us, sdp(audio("a=rtpmap:96 opus/48000/2", line=line)))
    lines = ("a=rtpmap:96 telephone-event/8000", "a=rtpmap:97 opus/48000/2")
    other = audio(*lines, line=f"{line} 97", ufrag="else", digest=DIGEST)
    text, agreed = answering(us, sdp(other), transport=local("anew"))
    assert audio_of(text).formats == ("97", "96")
    assert agreed.transport.new_association
    assert agreed.codec.payload_type == 97


def test_a_far_end_that_uses_up_all_numbers_gets_the_usual_ones() -> None:
    us = negotiation()
    lines = [f"a=rtpmap:{n} x{n}/8000" for n in range(128) if n != 8]
    line = f"m=audio 5000 UDP/TLS/RTP/SAVPF {' '.join(map(str, range(128)))}"
    answering(us, sdp(audio(*lines, line=line, without=["a=rtpmap"])))
    offer = us.create_offer(local(), SENDRECV)
    assert audio_of(offer).formats == ("8", "111", "9", "0", "110", "101")


def test_the_far_end_changes_the_codec() -> None:
    us = negotiation()
    answering(us, sdp(audio(line="m=audio 5000 UDP/TLS/RTP/SAVPF 111")))
    text, agreed = answering(us, sdp(audio(line="m=audio 5000 UDP/TLS/RTP/SAVPF 0")))
    assert audio_of(text).formats == ("0",)
    assert agreed.codec.encoding == "pcmu"
    assert 111 in {each.payload_type for each in agreed.receives}, "packets may be under way"


@pytest.mark.parametrize(
    ("lines", "ptime"),
    [
        ((), 20),
        (("a=ptime:40",), 40),
        (("a=ptime:60", "a=maxptime:40"), 40),
        (("a=maxptime:10",), 10),
        (("a=maxptime:60",), 20),
    ],
)
def test_the_packet_time_is_what_the_far_end_wants(lines: tuple[str, ...], ptime: int) -> None:
    _, agreed = answering(negotiation(), sdp(audio(*lines)))
    assert agreed.ptime == ptime


def test_digits_share_the_clock_of_the_codec_where_they_can() -> None:
    both = "m=audio 5000 UDP/TLS/RTP/SAVPF {} 101 110"
    lines = ("a=rtpmap:110 telephone-event/48000",)
    for codec, number in (("111", 110), ("0", 101)):
        _, agreed = answering(negotiation(), sdp(audio(*lines, line=both.format(codec))))
        assert agreed.telephone_event is not None
        assert agreed.telephone_event.payload_type == number
