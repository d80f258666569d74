"""Reading session descriptions: what can be understood is taken, the rest costs nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.sdp.description import (
    Attribute,
    ConnectionData,
    MediaDescription,
    SdpLine,
    SdpOrigin,
    SessionDescription,
)
from sipcli.sdp.read import MAX_LENGTH, MAX_LINES, MAX_MEDIA, BadDescription, read
from sipcli.sdp.write import write
from tests.sdp.ends import DATA, PEERS

WHOLE = (
    "v=0\r\no=jo 12 34 IN IP4 192.0.2.1\r\ns=Talk\r\ni=about\r\nc=IN IP4 192.0.2.2\r\nb=AS:64\r\n"
    "t=0 0\r\nr=7d 1h 0 25h\r\na=sendonly\r\na=group:BUNDLE 0 1\r\n"
    "m=audio 4000/2 RTP/AVP 0 8\r\nc=IN IP6 2001:db8::1\r\nb=TIAS:30\r\na=mid:0\r\na=sendrecv\r\n"
    "m=image 4002 udptl t38\r\n"
)
READ = SessionDescription(
    origin=SdpOrigin("jo", "12", "34", "IN", "IP4", "192.0.2.1"),
    name="Talk",
    connection=ConnectionData("IN", "IP4", "192.0.2.2"),
    others=(
        SdpLine("i", "about"),
        SdpLine("b", "AS:64"),
        SdpLine("t", "0 0"),
        SdpLine("r", "7d 1h 0 25h"),
    ),
    attributes=(Attribute("sendonly"), Attribute("group", "BUNDLE 0 1")),
    media=(
        MediaDescription(
            kind="audio",
            port=4000,
            port_count=2,
            protocol="RTP/AVP",
            formats=("0", "8"),
            connection=ConnectionData("IN", "IP6", "2001:db8::1"),
            others=(SdpLine("b", "TIAS:30"),),
            attributes=(Attribute("mid", "0"), Attribute("sendrecv")),
        ),
        MediaDescription(kind="image", port=4002, protocol="udptl", formats=("t38",)),
    ),
)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_end_in_any_way(end: str) -> None:
    assert read(WHOLE.replace("\r\n", end)) == READ


def test_bytes_and_text_are_the_same() -> None:
    assert read(WHOLE.encode()) == READ


def test_a_well_formed_description_is_written_as_it_was_read() -> None:
    assert write(read(WHOLE)) == WHOLE


def test_case_and_blanks_do_not_count() -> None:
    description = read("V=0\n\n  S=-\nM= AUDIO  4000   RTP/AVP  0 \n A = SendRecv \na=Mid: x \n")
    (media,) = description.media
    assert media.kind == "audio"
    assert media.formats == ("0",)
    assert media.attributes == (Attribute("sendrecv"), Attribute("mid", "x"))


def test_missing_lines_are_no_fault() -> None:
    description = read("m=audio 4000 RTP/AVP 0")
    assert description.origin is None
    assert description.name == "-"
    assert description.connection is None
    assert description.media[0].formats == ("0",)


def test_noise_between_the_lines_is_left_out_and_unknown_types_are_kept() -> None:
    description = read("v=0\nhello\n=\na=\na=:x\ny=new\nm=audio 1 RTP/AVP\nboundary--\nq=1\n")
    assert description.attributes == ()
    assert description.others == (SdpLine("y", "new"),)
    assert description.media[0].others == (SdpLine("q", "1"),)
    assert description.media[0].formats == ()


def test_the_first_of_two_is_taken_where_one_is_allowed() -> None:
    description = read("o=a 1 2 IN IP4 x\no=b 1 2 IN IP4 x\ns=1\ns=2\nc=IN IP4 a\nc=IN IP4 b\n")
    assert description.origin is not None
    assert (description.origin.username, description.name) == ("a", "1")
    assert description.connection == ConnectionData("IN", "IP4", "a")


def test_lines_that_mean_nothing_are_as_if_missing() -> None:
    description = read("v=0\no=short 1\nc=IN IP4\nc=IN IP4 /127\ns=\n")
    assert description.origin is None
    assert description.connection is None
    assert description.name == "-"


def test_what_is_not_utf_8_is_replaced_so_that_it_can_be_sent_back() -> None:
    description = read(b"v=0\ns=\xff\xfe\n")
    assert description.name == "��"
    assert read("v=0\ns=\udcff\n").name == "?"


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("", "this is not a session description", None),
        ("hello\nthere\n", "this is not a session description", None),
        ("v=1\n", "the version is not 0", 1),
        ("v=0\nm=audio\n", "m= without media type, port and protocol", 2),
        ("v=0\nm=audio $ RTP/AVP 0\n", "m= without media type, port and protocol", 2),
        ("v=0\ns=-\nm=audio 65536 RTP/AVP 0\n", "a port above 65535", 3),
        ("v=0\na=\0\n", "NUL in the text", None),
        ("v=0\n" + "a=x\n" * MAX_LINES, f"more than {MAX_LINES} lines", None),
        ("m=audio 1 x 0\n" * (MAX_MEDIA + 1), f"more than {MAX_MEDIA} media", MAX_MEDIA + 1),
        ("a=" + "x" * (MAX_LENGTH - 1), f"longer than {MAX_LENGTH} bytes", None),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_line(
    text: str, reason: str, line: int | None
) -> None:
    with pytest.raises(BadDescription) as caught:
        read(text)
    assert (caught.value.reason, caught.value.line) == (reason, line)


def test_the_bounds_themselves_are_within_bounds() -> None:
    assert len(read("m=audio 1 x 0\n" * MAX_MEDIA).media) == MAX_MEDIA
    assert read("v=0\n" + "a=x\n" * (MAX_LINES - 2)).attributes[-1] == Attribute("x")
    assert read("a=" + "x" * (MAX_LENGTH - 2)).attributes


@pytest.mark.parametrize("name", sorted(PEERS))
def test_reading_what_was_written_gives_the_same(name: str) -> None:
    description = read(PEERS[name])
    assert read(write(description)).media == description.media


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("rfc4475/sdp01.dat", [("audio", ("0", "12")), ("video", ("31",))]),
        ("rfc5118/ipv6-in-sdp.dat", [("audio", ("2",)), ("video", ("107",))]),
        ("rfc5118/mult-ip-in-sdp.dat", [("audio", ("0",)), ("video", ("107",))]),
        ("rfc5118/ipv4-mapped-ipv6.dat", [("audio", ("2",)), ("video", ("107",))]),
    ],
)
def test_descriptions_of_the_torture_messages(
    path: str, media: list[tuple[str, tuple[str, ...]]]
) -> None:
    _, _, body = (DATA / path).read_bytes().partition(b"\r\n\r\n")
    description = read(body)
    assert [(each.kind, each.formats) for each in description.media] == media


def test_addresses_of_the_torture_messages() -> None:
    """RFC 5118 §4.8 and §4.9: IPv6, and each medium with an address of another family."""
    text = (DATA / "rfc5118/mult-ip-in-sdp.dat").read_bytes().partition(b"\r\n\r\n")[2]
    assert [each.connection for each in read(text).media] == [
        ConnectionData("IN", "IP4", "192.0.2.1"),
        ConnectionData("IN", "IP6", "2001:db8::1"),
    ]
    text = (DATA / "rfc5118/ipv4-mapped-ipv6.dat").read_bytes().partition(b"\r\n\r\n")[2]
    assert read(text).connection == ConnectionData("IN", "IP6", "::ffff:192.0.2.2")


LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.builds("{}={}".format, st.sampled_from("vosiuepcbtrzkamxM "), st.text(max_size=30)),
        st.sampled_from([line for text in PEERS.values() for line in text.splitlines()]),
    ),
    max_size=40,
).map("\r\n".join)


@given(st.one_of(st.binary(max_size=400), LINES))
def test_nothing_but_bad_description_comes_out_and_writing_is_stable(data: bytes | str) -> None:
    try:
        description = read(data)
    except BadDescription:
        return
    text = write(description)
    again = read(text)
    assert write(again) == text
    assert [(each.kind, each.port, each.protocol, each.attributes) for each in again.media] == [
        (each.kind, each.port, each.protocol, each.attributes) for each in description.media
    ]
