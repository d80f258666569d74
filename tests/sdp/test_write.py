"""Writing session descriptions, to the letter."""

import pytest

from sipcli.sdp.description import (
    Attribute,
    ConnectionData,
    MediaDescription,
    SdpLine,
    SdpOrigin,
    SessionDescription,
)
from sipcli.sdp.write import write

ORIGIN = SdpOrigin("-", "1", "2", "IN", "IP4", "192.0.2.1")


def test_lines_come_in_the_order_of_the_rfc_whatever_order_they_had() -> None:
    description = SessionDescription(
        origin=ORIGIN,
        connection=ConnectionData("IN", "IP4", "192.0.2.1"),
        others=tuple(
            SdpLine(type_, "1") for type_ in ("k", "t", "r", "z", "b", "p", "e", "u", "i", "x")
        ),
        attributes=(Attribute("tool", "x"),),
        media=(
            MediaDescription(
                kind="audio",
                port=1,
                protocol="RTP/AVP",
                formats=("0",),
                others=(SdpLine("k", "2"), SdpLine("b", "3"), SdpLine("i", "4"), SdpLine("t", "5")),
                attributes=(Attribute("inactive"),),
            ),
        ),
    )
    types = [line[0] for line in write(description).splitlines()]
    assert "".join(types) == "vosiuepcbtrzkamibka"


def test_what_the_rfc_demands_is_added() -> None:
    media = MediaDescription(kind="audio", port=0, protocol="RTP/AVP", formats=())
    assert write(SessionDescription(origin=None, media=(media,))) == (
        "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        "m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"
    )


def test_a_medium_needs_no_address_where_the_session_has_one() -> None:
    media = MediaDescription(kind="audio", port=4, port_count=2, protocol="x", formats=("a", "b"))
    everywhere = ConnectionData("IN", "IP6", "::1")
    text = write(SessionDescription(origin=ORIGIN, connection=everywhere, media=(media,)))
    assert text.splitlines()[3:] == ["c=IN IP6 ::1", "t=0 0", "m=audio 4/2 x a b"]


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\0b"])
def test_a_value_that_would_break_its_line_is_a_mistake_of_ours(bad: str) -> None:
    description = SessionDescription(origin=ORIGIN, attributes=(Attribute("mid", bad),))
    with pytest.raises(ValueError, match="more than one line"):
        write(description)
