"""Digits as they are received (RFC 4733 §2.5.2)."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.media.dtmf.digits import Digit, steps
from sipcli.media.dtmf.event import Event, build
from sipcli.media.dtmf.receiver import SILENCE_S, DtmfReceiver
from sipcli.media.dtmf.sender import DtmfSender

Packet = tuple[bytes, int, float]
"""Payload, timestamp, and when it comes."""


def packets(text: str, duration_ms: int = 100, clock_rate: int = 8_000) -> list[Packet]:
    """What a sender makes of `text`, a packet every 20 ms."""
    sender = DtmfSender(duration_ms)
    sender.queue(steps(text))
    found: list[Packet] = []
    at = 0
    while sender.busy:
        frame = sender.frame((0xFFFF_F000 + at * clock_rate // 50) & 0xFFFF_FFFF, clock_rate)
        if frame is not None:
            found.append((frame.payload, frame.timestamp, at * 0.020))
        at += 1
    return found


def receive(sent: list[Packet], clock_rate: int = 8_000) -> list[Digit]:
    receiver = DtmfReceiver()
    heard: list[Digit] = []
    now = 0.0
    for payload, timestamp, when in sent:
        while now < when:
            heard += receiver.expire(now)
            now += 0.020
        heard += receiver.receive(payload, timestamp, clock_rate, when)
    heard += receiver.expire(now + SILENCE_S)
    return heard


@pytest.mark.parametrize("clock_rate", [8_000, 48_000])
def test_what_is_sent_is_received(clock_rate: int) -> None:
    heard = receive(packets("159*0#ABCD", clock_rate=clock_rate), clock_rate)
    assert heard == [Digit(digit, 100) for digit in "159*0#ABCD"]


def test_a_digit_is_told_at_its_first_end() -> None:
    receiver = DtmfReceiver()
    told = [receiver.receive(*packet[:2], 8_000, packet[2]) for packet in packets("7")]
    assert told == [()] * 4 + [(Digit("7", 100),)] + [()] * 2


@pytest.mark.parametrize("lost", [{0}, {0, 1, 2, 3}, {4}, {4, 5}, {1, 2, 3}, {0, 1, 2, 3, 4, 5}])
def test_lost_packets_cost_nothing_while_an_end_comes(lost: set[int]) -> None:
    sent = [packet for n, packet in enumerate(packets("7")) if n not in lost]
    assert receive(sent) == [Digit("7", 100)]


def test_without_an_end_silence_ends_a_digit() -> None:
    receiver = DtmfReceiver()
    for payload, timestamp, when in packets("7")[:3]:
        assert receiver.receive(payload, timestamp, 8_000, when) == ()
    assert receiver.expire(0.040 + SILENCE_S - 0.001) == ()
    assert receiver.expire(0.040 + SILENCE_S) == (Digit("7", 60),)
    assert receiver.expire(1.0) == ()


def test_a_digit_that_was_told_is_not_told_again_by_its_late_end() -> None:
    sent = packets("7")
    receiver = DtmfReceiver()
    for payload, timestamp, when in sent[:2]:
        receiver.receive(payload, timestamp, 8_000, when)
    assert receiver.expire(1.0) == (Digit("7", 40),)
    for payload, timestamp, _ in sent[2:]:
        assert receiver.receive(payload, timestamp, 8_000, 1.1) == ()


def test_without_an_end_the_next_digit_ends_one() -> None:
    sent = [packet for n, packet in enumerate(packets("77")) if n not in {4, 5, 6}]
    assert receive(sent) == [Digit("7", 80), Digit("7", 100)]


def test_one_packet_may_end_two_digits() -> None:
    receiver = DtmfReceiver()
    receiver.receive(build(Event(1, 160)), 1000, 8_000, 0.0)
    told = receiver.receive(build(Event(2, 800, end=True)), 3000, 8_000, 0.1)
    assert told == (Digit("1", 20), Digit("2", 100))


def test_late_and_repeated_packets_of_a_digit_that_is_over_are_nothing() -> None:
    sent = packets("12")
    assert receive(sent + sent[:7]) == [Digit("1", 100), Digit("2", 100)]
    receiver = DtmfReceiver()
    receiver.receive(build(Event(2, 160)), 3000, 8_000, 0.0)
    assert receiver.receive(build(Event(1, 800, end=True)), 1000, 8_000, 0.0) == ()


def test_reordered_reports_do_not_shorten_a_digit() -> None:
    sent = packets("7")
    assert receive([sent[n] for n in (1, 0, 3, 2, 4)]) == [Digit("7", 100)]
    assert receive([sent[n] for n in (0, 3, 1, 2)]) == [Digit("7", 80)]


def test_a_long_digit_in_segments_is_one() -> None:
    sent = packets("8", duration_ms=3000, clock_rate=48_000)
    assert receive(sent, 48_000) == [Digit("8", 3000)]
    without_ends = [packet for packet in sent if packet[0][2:] != b"\xff\xff"]
    assert len(without_ends) == len(sent) - 6
    assert receive(without_ends, 48_000) == [Digit("8", 3000)]


def test_the_same_digit_right_after_a_segment_by_another_is_another() -> None:
    receiver = DtmfReceiver()
    receiver.receive(build(Event(1, 0xFFFF)), 0, 48_000, 0.0)
    assert receiver.receive(build(Event(2, 960)), 0xFFFF, 48_000, 1.4) == (Digit("1", 1365),)


@pytest.mark.parametrize("payload", [b"", b"\x01\x0a\x00", build(Event(16, 100, end=True))])
def test_what_is_no_digit_is_ignored_and_counted(payload: bytes) -> None:
    receiver = DtmfReceiver()
    assert receiver.receive(payload, 0, 8_000, 0.0) == ()
    assert receiver.expire(10.0) == ()
    assert receiver.ignored == 1


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(["1", "11", "1212", "0*#9"]))
def test_a_bad_network_never_makes_a_digit_twice(seed: int, text: str) -> None:
    """Loss of a fifth, duplicates and reordering within a digit: fewer at worst, never more."""
    draw = random.Random(seed)
    sent = [
        (payload, timestamp, when + draw.uniform(0, 0.03))
        for payload, timestamp, when in packets(text)
        for _ in range(draw.choice((0, 1, 1, 1, 1, 2)))
    ]
    heard = receive(sorted(sent, key=lambda packet: packet[2]))
    assert len(heard) <= len(text)
    remaining = iter(text)
    assert all(digit.digit in remaining for digit in heard)


@given(st.lists(st.tuples(st.binary(max_size=6), st.integers(0, 0xFFFF_FFFF)), max_size=30))
def test_nothing_raises(sent: list[tuple[bytes, int]]) -> None:
    receiver = DtmfReceiver()
    for at, (payload, timestamp) in enumerate(sent):
        for digit in receiver.receive(payload, timestamp, 8_000, at * 0.02):
            assert digit.duration_ms >= 0
