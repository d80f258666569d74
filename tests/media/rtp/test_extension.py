"""Header extensions as bytes (RFC 8285)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.rtp.extension import ExtensionElement, build, find
from sipcli.media.rtp.packet import RtpPacket, parse
from sipcli.media.rtp.packet import build as build_packet

elements = st.builds(ExtensionElement, st.integers(1, 255), st.binary(max_size=255))


def test_a_short_value_takes_the_one_byte_form() -> None:
    assert build(ExtensionElement(4, b"0")) == bytes.fromhex("bede 0001 4030 0000")
    assert build(ExtensionElement(14, b"abc")) == bytes.fromhex("bede 0001 e2616263")


@pytest.mark.parametrize(
    ("element", "block"),
    [
        (ExtensionElement(15, b"0"), "1000 0001 0f013000"),
        (ExtensionElement(255, b"ab"), "1000 0001 ff026162"),
        (ExtensionElement(1, b""), "1000 0001 01000000"),
        (ExtensionElement(2, b"x" * 17), "1000 0005 0211" + "78" * 17 + "00"),
    ],
    ids=["number 15", "highest number", "empty", "17 bytes"],
)
def test_what_has_no_room_there_takes_the_two_byte_form(
    element: ExtensionElement, block: str
) -> None:
    assert build(element) == bytes.fromhex(block)


@given(elements)
def test_what_is_built_is_found_and_goes_through_a_packet(element: ExtensionElement) -> None:
    block = build(element)
    assert len(block) % 4 == 0
    assert find(block, element.number) == element.value
    packet = parse(build_packet(RtpPacket(0, 1, 2, 3, b"sound", extension=block)))
    assert packet is not None
    assert (packet.extension, packet.payload) == (block, b"sound")


@pytest.mark.parametrize(
    "block",
    [
        "bede 0003 10ff 00 42aabbcc 32616263 000000",
        "1000 0003 01 01ff 00 02 00 03 03616263 0000",
        "100f 0002 03 03616263 000000",
    ],
    ids=["one-byte", "two-byte", "two-byte with application bits"],
)
def test_an_element_is_found_between_others_and_padding(block: str) -> None:
    assert find(bytes.fromhex(block), 3) == b"abc"
    assert find(bytes.fromhex(block), 5) is None


@pytest.mark.parametrize(
    "block",
    ["", "be", "bede 0000", "bede 0001 f0000000 4030", "bede 0001 47303030", "1000 0001 04",
     "1000 0001 04ff3030", "0000 0001 40300000", "bedf 0001 40300000"],
    ids=["none", "cut off", "empty", "after 15", "too long", "two-byte, no length",
         "two-byte, too long", "unknown profile", "nearly"],
)  # fmt: skip
def test_what_cannot_be_read_is_not_there(block: str) -> None:
    assert find(bytes.fromhex(block), 4) is None


@given(st.binary(max_size=80), st.integers(1, 255))
def test_nothing_raises(block: bytes, number: int) -> None:
    for profile in (b"", b"\xbe\xde\x00\x04", b"\x10\x00\x00\x04"):
        value = find(profile + block, number)
        assert value is None or value in block
