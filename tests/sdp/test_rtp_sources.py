"""How descriptions say which packets are whose: `a=ssrc` and the MID extension."""

import pytest

from sipcli.sdp.description import Direction
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import Negotiation
from sipcli.sdp.read import read
from sipcli.sdp.rtp_sources import (
    MID_URI,
    HeaderExtension,
    MidExtension,
    RtpSource,
    read_mid_extension,
    read_sources,
)
from tests.sdp.ends import PEERS, answering, audio, audio_of, local, negotiation, offering, sdp

SOURCE = RtpSource(0xCAFEF00D, "us")
LONG = "m" * 17


def named(extension: str = f"a=extmap:4 {MID_URI}", mid: str = "0") -> list[str]:
    return audio(f"a=mid:{mid}", extension)


def agreed_with(*lines: str, session: tuple[str, ...] = ()) -> NegotiatedMedia:
    return answering(negotiation(), sdp(audio("a=mid:0", *lines), session=session))[1]


def ours(text: str) -> list[str]:
    """The value of each `extmap` line of our description."""
    return list(audio_of(text).values("extmap"))


def test_offers_and_answers_announce_our_source() -> None:
    us = Negotiation(1, Preferences(), SOURCE)
    assert audio_of(us.create_offer(local(), Direction.SENDRECV)).value("ssrc") == (
        "3405705229 cname:us"
    )
    us.rollback()
    us.receive_offer(sdp(audio()))
    text, _ = us.create_answer(local(), Direction.RECVONLY)
    assert audio_of(text).value("ssrc") == "3405705229 cname:us"


def test_another_source_is_another_description() -> None:
    us = Negotiation(1, Preferences(), SOURCE)
    offering(us, sdp(audio(setup="passive")))
    us.source = RtpSource(7, "us")
    text, _ = offering(us, sdp(audio(setup="passive")))
    assert audio_of(text).value("ssrc") == "7 cname:us"
    origin = read(text).origin
    assert origin is not None
    assert origin.version == "2"


def test_our_offer_carries_the_mid_in_packets_if_the_answer_says_so() -> None:
    text, agreed = offering(negotiation(), sdp(named()))
    assert ours(text) == [f"4 {MID_URI}"]
    assert agreed.mid_extension == MidExtension(4, "0", sends=True)


def test_an_answer_without_it_leaves_it_out() -> None:
    assert offering(negotiation(), sdp(audio("a=mid:0")))[1].mid_extension is None


def test_a_later_description_may_leave_it_out() -> None:
    us = negotiation()
    assert offering(us, sdp(named()))[1].mid_extension is not None
    assert answering(us, sdp(audio("a=mid:0")))[1].mid_extension is None


@pytest.mark.parametrize(
    ("offered", "answered", "agreed"),
    [
        ("9", "9", MidExtension(9, "0", sends=True)),
        ("255", "255", MidExtension(255, "0", sends=True)),
        ("3/sendrecv", "3", MidExtension(3, "0", sends=True)),
        ("3/sendonly", "3/recvonly", MidExtension(3, "0", sends=False)),
        ("3/recvonly", "3/sendonly", MidExtension(3, "0", sends=True)),
        ("3/inactive", "3/inactive", None),
        ("0", None, None),
        ("256", None, None),
        ("4096", None, None),
        ("3/sometimes", None, None),
        ("", None, None),
    ],
)
def test_an_answer_takes_what_is_offered(
    offered: str, answered: str | None, agreed: MidExtension | None
) -> None:
    text, found = answering(negotiation(), sdp(named(f"a=extmap:{offered} {MID_URI}")))
    assert ours(text) == ([f"{answered} {MID_URI}"] if answered else [])
    assert found.mid_extension == agreed


def test_an_answer_adds_no_extension_that_was_not_offered() -> None:
    other = "a=extmap:4 urn:ietf:params:rtp-hdrext:ssrc-audio-level"
    assert ours(answering(negotiation(), sdp(named(other)))[0]) == []


def test_an_extension_of_the_session_counts_for_the_medium() -> None:
    found = agreed_with(session=(f"a=extmap:7 {MID_URI}",))
    assert found.mid_extension == MidExtension(7, "0", sends=True)


@pytest.mark.parametrize("lines", [audio(), audio(f"a=mid:{LONG}")], ids=["none", "long"])
def test_without_a_name_that_fits_there_is_nothing_to_carry(lines: list[str]) -> None:
    text, agreed = answering(negotiation(), sdp([*lines, f"a=extmap:4 {MID_URI}"]))
    assert ours(text) == []
    assert agreed.mid_extension is None


def test_a_name_of_two_byte_characters_is_measured_in_bytes() -> None:
    mid = "ü" * 9
    assert answering(negotiation(), sdp(named(mid=mid)))[1].mid_extension is None


def test_the_far_ends_sources_are_known() -> None:
    lines = ("a=ssrc:5 cname:x", "a=ssrc:5 msid:a b", "a=ssrc:4294967295 cname:y")
    assert agreed_with(*lines).sources == (5, 4294967295)
    assert agreed_with().sources == ()


def test_what_is_no_source_is_left_out_and_their_number_is_bounded() -> None:
    nonsense = ("a=ssrc", "a=ssrc:", "a=ssrc:x cname:y", "a=ssrc:4294967296 cname:y", "a=ssrc:-1 x")
    many = tuple(f"a=ssrc:{each} cname:x" for each in range(1000))
    assert agreed_with(*nonsense, *many).sources == tuple(range(16))


@pytest.mark.parametrize("name", sorted(PEERS))
def test_what_real_peers_write_is_read(name: str) -> None:
    session = read(PEERS[name])
    media = next(each for each in session.media if each.kind == "audio")
    has_extension = any(MID_URI in value for value in media.values("extmap"))
    assert isinstance(read_mid_extension(media, session), HeaderExtension) is has_extension
    assert bool(read_sources(media)) is ("a=ssrc:" in PEERS[name])
