"""Several payloads in one packet (RFC 2198)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.rtp.red import (
    LARGEST_OFFSET,
    LARGEST_PACKET,
    LARGEST_REDUNDANT,
    MAX_BLOCKS,
    RedBlock,
    Redundancy,
    build,
    parse,
)

CHROMIUMS = bytes.fromhex("ef0f0003 6f") + b"oldnewest"
"""A block of payload type 111, 960 units old, 3 bytes long, and the primary one of the same."""


def test_a_packet_of_chromium_is_read() -> None:
    assert parse(CHROMIUMS) == (RedBlock(111, 960, b"old"), RedBlock(111, 0, b"newest"))


def test_what_is_written_is_what_chromium_writes() -> None:
    assert build((RedBlock(111, 960, b"old"), RedBlock(111, 0, b"newest"))) == CHROMIUMS


def test_a_primary_payload_may_come_alone() -> None:
    assert parse(b"\x6fnewest") == (RedBlock(111, 0, b"newest"),)
    assert parse(b"\x6f") == (RedBlock(111, 0, b""),)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        CHROMIUMS[:4],
        CHROMIUMS[:7],
        b"\xef",
        b"\xef\x0f\x00",
        b"\xef\x0f\x03\xff\x6f" + bytes(1022),
        b"\xff" * 1500,
        b"\xef\x00\x00\x00" * MAX_BLOCKS + b"\x6f",
    ],
)
def test_lengths_that_lead_out_of_the_packet_make_it_worthless(payload: bytes) -> None:
    assert parse(payload) == ()


BLOCKS = st.builds(
    RedBlock,
    st.integers(0, 127),
    st.integers(0, LARGEST_OFFSET),
    st.binary(max_size=LARGEST_REDUNDANT),
)


@given(
    st.lists(BLOCKS, max_size=MAX_BLOCKS - 1),
    st.builds(RedBlock, st.integers(0, 127), st.just(0), st.binary(max_size=1500)),
)
def test_what_was_written_is_read(redundant: list[RedBlock], primary: RedBlock) -> None:
    assert parse(build((*redundant, primary))) == (*redundant, primary)


@given(st.binary(max_size=1600))
def test_garbage_costs_nothing(payload: bytes) -> None:
    blocks = parse(payload)
    assert len(blocks) <= MAX_BLOCKS
    assert sum(len(block.payload) for block in blocks) < max(1, len(payload))


def offsets(payload: bytes | None) -> list[int]:
    return [] if payload is None else [block.timestamp_offset for block in parse(payload)]


def test_the_latest_payloads_go_with_the_next_oldest_first() -> None:
    sent = Redundancy()
    assert sent.add(111, 960, b"one", (1, 2)) is None
    assert offsets(sent.add(111, 1920, b"two", (1, 2))) == [960, 0]
    third = sent.add(111, 2880, b"three", (1, 2))
    assert third is not None
    assert [block.payload for block in parse(third)] == [b"one", b"two", b"three"]
    assert offsets(sent.add(111, 3840, b"four", (1,))) == [960, 0]
    assert sent.add(111, 4800, b"five", ()) is None


def test_what_would_come_too_late_to_be_played_is_left_out() -> None:
    sent = Redundancy()
    sent.add(111, 0, b"before the pause", (1, 2))
    assert sent.add(111, 4 * 960, b"after it", (1, 2)) is None
    assert offsets(sent.add(111, 5 * 960, b"next", (1, 2))) == [960, 0]


def test_payloads_may_come_again_from_far() -> None:
    sent = Redundancy()
    for number in range(3):
        assert sent.add(111, number * 960, bytes((number,)), (4,)) is None
    assert offsets(sent.add(111, 3 * 960, b"three", (1, 4))) == [960, 0]
    fourth = sent.add(111, 4 * 960, b"four", (1, 4))
    assert fourth is not None
    assert [block.payload for block in parse(fourth)] == [b"\x00", b"three", b"four"]
    assert offsets(sent.add(111, 5 * 960, b"five", (4,))) == [4 * 960, 0]


def test_the_timestamp_wraps() -> None:
    sent = Redundancy()
    sent.add(111, 2**32 - 960, b"one", (1, 2))
    assert offsets(sent.add(111, 0, b"two", (1, 2))) == [960, 0]


def test_another_codec_begins_anew() -> None:
    sent = Redundancy()
    sent.add(111, 0, b"one", (1, 2))
    assert sent.add(96, 960, b"two", (1, 2)) is None


def test_no_packet_is_too_long_for_a_network() -> None:
    sent = Redundancy()
    for number in range(5):
        sent.add(111, number * 960, bytes(LARGEST_PACKET // 2), (1, 2))
    payload = sent.add(111, 5 * 960, bytes(LARGEST_PACKET // 2), (1, 2))
    assert offsets(payload) == [960, 0]
    sent.add(111, 6 * 960, bytes(LARGEST_REDUNDANT + 1), (1, 2))
    assert sent.add(111, 7 * 960, b"", (1, 2)) is None
