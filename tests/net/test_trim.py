"""What is taken out of messages that are too large, wherever the bytes begin and end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from sipcli.net.trim import MAX_MESSAGE, MAX_SIZE, Trimmer
from sipcli.sip.parser import LIMITS

LIMIT = 300

SIZES = st.sampled_from([0, 1, 124, 125, 126, 127, 299, 300, 301, 600, 65535, 65536, 70000])
FRAGMENTS = st.lists(SIZES, min_size=1, max_size=4)


def written(messages: list[list[int]], ping: bool) -> tuple[bytes, list[bytes]]:
    """The messages on the wire, each of fragments of these sizes, and their contents."""
    wire, contents = b"", []
    for number, sizes in enumerate(messages):
        content = b""
        for place, size in enumerate(sizes):
            data = bytes([65 + (number + place) % 26]) * size
            opcode = Opcode.CONT if place else Opcode.TEXT
            frame = Frame(opcode, data, fin=place == len(sizes) - 1)
            wire += frame.serialize(mask=False)
            if ping:
                wire += Frame(Opcode.PING, b"p" * 125).serialize(mask=False)
            content += data
        contents.append(content)
    return wire, contents


def read(data: bytes) -> tuple[list[bytes], int]:
    """Messages and pings, as the library reads them."""
    protocol = Protocol(CLIENT, max_size=LIMIT + MAX_SIZE - MAX_MESSAGE)
    protocol.receive_data(data)
    messages: list[bytes] = []
    pings = 0
    for frame in protocol.events_received():
        assert isinstance(frame, Frame)
        if frame.opcode is Opcode.PING:
            pings += 1
        elif frame.opcode is Opcode.CONT:
            messages[-1] += frame.data
        else:
            messages.append(bytes(frame.data))
    assert protocol.parser_exc is None
    return messages, pings


@settings(max_examples=200, deadline=None)
@given(
    st.lists(FRAGMENTS, max_size=4),
    st.booleans(),
    st.lists(st.integers(1, 5000), min_size=1, max_size=5),
)
def test_each_message_keeps_its_beginning(
    messages: list[list[int]], ping: bool, chunks: list[int]
) -> None:
    wire, contents = written(messages, ping)
    trimmer, left, at, turn = Trimmer(LIMIT), b"", 0, 0
    while at < len(wire):
        size = chunks[turn % len(chunks)]
        left += trimmer.trimmed(wire[at : at + size])
        at, turn = at + size, turn + 1
    found, pings = read(left)
    assert found == [content[:LIMIT] for content in contents]
    assert pings == (sum(map(len, messages)) if ping else 0)


def test_byte_by_byte_it_is_the_same() -> None:
    wire, contents = written([[10], [400, 0, 7], [126], [70000], [1]], ping=True)
    trimmer = Trimmer(LIMIT)
    left = b"".join(trimmer.trimmed(wire[at : at + 1]) for at in range(len(wire)))
    assert read(left)[0] == [content[:LIMIT] for content in contents]


def test_what_is_small_enough_passes_as_it_is() -> None:
    wire, _ = written([[10], [100, 200], [300]], ping=True)
    assert Trimmer(LIMIT).trimmed(wire) == wire


def test_a_mask_stays_a_mask() -> None:
    """A server has none; the library says so, and it must not be taken for payload."""
    masked = Frame(Opcode.TEXT, b"x" * 1000).serialize(mask=True)
    left = Trimmer(LIMIT).trimmed(masked)
    assert left[1] & 0x80
    assert len(left) == 4 + 4 + LIMIT
    assert left[4:8] == masked[4:8]


@pytest.mark.parametrize("head", [b"\x83\x7e\x03\xe8", b"\x8a\x7e\x03\xe8", b"\xf1\x05"])
def test_what_no_frame_may_be_is_left_for_the_library_to_refuse(head: bytes) -> None:
    assert Trimmer(LIMIT).trimmed(head + b"x" * 5) == head + b"x" * 5


def test_a_frame_without_end_keeps_no_memory() -> None:
    trimmer = Trimmer(LIMIT)
    left = trimmer.trimmed(b"\x81\x7f" + (2**62).to_bytes(8, "big"))
    for _ in range(100):
        left += trimmer.trimmed(b"x" * 10_000)
    assert len(left) == 4 + LIMIT


def test_the_parser_knows_that_a_message_was_cut() -> None:
    assert LIMITS.message_size + 1 == MAX_MESSAGE
