"""Digits as they are received (RFC 4733 §2.5.2)."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.media.dtmf.dtmf_digits import Digit, parse_digits
from sipcli.media.dtmf.dtmf_receiver import SILENCE_S, DtmfReceiver
from sipcli.media.dtmf.dtmf_sender import DtmfSender
from sipcli.media.dtmf.telephone_event import TelephoneEvent, build
from sipcli.media.rtp.packet import RtpPacket

Sent = tuple[RtpPacket, float]
"""A packet, and when it comes."""


def report(
    sequence: int,
    code: int,
    duration: int,
    timestamp: int = 1000,
    *,
    end: bool = False,
    marker: bool = False,
) -> RtpPacket:
    """A packet with one event."""
    payload = build(TelephoneEvent(code, duration, end))
    return RtpPacket(101, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, 7, payload, marker)


def heard_of(*reports: RtpPacket, clock_rate: int = 8_000) -> list[Digit]:
    """What comes of packets 20 ms apart, and of the silence after them."""
    return receive([(packet, n * 0.020) for n, packet in enumerate(reports)], clock_rate)


def packets(text: str, duration_ms: int = 100, clock_rate: int = 8_000) -> list[Sent]:
    """What a sender makes of `text`, a packet every 20 ms."""
    sender = DtmfSender(duration_ms)
    sender.queue(parse_digits(text))
    found: list[Sent] = []
    at = 0
    while sender.busy:
        frame = sender.frame((0xFFFF_F000 + at * clock_rate // 50) & 0xFFFF_FFFF, clock_rate)
        if frame is not None:
            number = (65_530 + at) & 0xFFFF
            packet = RtpPacket(101, number, frame.timestamp, 7, frame.payload, frame.marker)
            found.append((packet, at * 0.020))
        at += 1
    return found


def receive(sent: list[Sent], clock_rate: int = 8_000) -> list[Digit]:
    receiver = DtmfReceiver()
    heard: list[Digit] = []
    now = 0.0
    for packet, when in sent:
        while now < when:
            heard += receiver.expire(now)
            now += 0.020
        heard += receiver.receive(packet, clock_rate, when)
    heard += receiver.expire(now + SILENCE_S)
    return heard


@pytest.mark.parametrize("clock_rate", [8_000, 48_000])
def test_what_is_sent_is_received(clock_rate: int) -> None:
    heard = receive(packets("159*0#ABCD", clock_rate=clock_rate), clock_rate)
    assert heard == [Digit(digit, 100) for digit in "159*0#ABCD"]


def test_a_digit_is_told_at_its_first_end() -> None:
    receiver = DtmfReceiver()
    told = [receiver.receive(packet, 8_000, when) for packet, when in packets("7")]
    assert told == [()] * 4 + [(Digit("7", 100),)] + [()] * 2


@pytest.mark.parametrize("lost", [{0}, {0, 1, 2, 3}, {4}, {4, 5}, {1, 2, 3}, {0, 1, 2, 3, 4, 5}])
def test_lost_packets_cost_nothing_while_an_end_comes(lost: set[int]) -> None:
    sent = [packet for n, packet in enumerate(packets("7")) if n not in lost]
    assert receive(sent) == [Digit("7", 100)]


def test_without_an_end_silence_ends_a_digit() -> None:
    receiver = DtmfReceiver()
    for packet, when in packets("7")[:3]:
        assert receiver.receive(packet, 8_000, when) == ()
    assert receiver.expire(0.040 + SILENCE_S - 0.001) == ()
    assert receiver.expire(0.040 + SILENCE_S) == (Digit("7", 60),)
    assert receiver.expire(1.0) == ()


def test_a_digit_that_was_told_is_not_told_again_by_its_late_end() -> None:
    sent = packets("7")
    receiver = DtmfReceiver()
    for packet, when in sent[:2]:
        receiver.receive(packet, 8_000, when)
    assert receiver.expire(1.0) == (Digit("7", 40),)
    for packet, _ in sent[2:]:
        assert receiver.receive(packet, 8_000, 1.1) == ()


def test_without_an_end_the_next_digit_ends_one() -> None:
    sent = [packet for n, packet in enumerate(packets("77")) if n not in {4, 5, 6}]
    assert receive(sent) == [Digit("7", 80), Digit("7", 100)]


def test_one_packet_may_end_two_digits() -> None:
    receiver = DtmfReceiver()
    receiver.receive(report(1, 1, 160), 8_000, 0.0)
    told = receiver.receive(report(9, 2, 800, 3000, end=True), 8_000, 0.1)
    assert told == (Digit("1", 20), Digit("2", 100))


def test_late_and_repeated_packets_of_a_digit_that_is_over_are_nothing() -> None:
    sent = packets("12")
    assert receive(sent + sent[:7]) == [Digit("1", 100), Digit("2", 100)]
    receiver = DtmfReceiver()
    receiver.receive(report(9, 2, 160, 3000), 8_000, 0.0)
    assert receiver.receive(report(8, 1, 800, 1000, end=True), 8_000, 0.0) == ()


def test_reordered_reports_do_not_shorten_a_digit() -> None:
    sent = packets("7")
    assert receive([sent[n] for n in (1, 0, 3, 2, 4)]) == [Digit("7", 100)]
    assert receive([sent[n] for n in (0, 3, 1, 2)]) == [Digit("7", 80)]


def test_a_long_digit_in_segments_is_one() -> None:
    sent = packets("8", duration_ms=3000, clock_rate=48_000)
    assert receive(sent, 48_000) == [Digit("8", 3000)]
    without_ends = [each for each in sent if each[0].payload[2:] != b"\xff\xff"]
    assert len(without_ends) == len(sent) - 6
    assert receive(without_ends, 48_000) == [Digit("8", 3000)]


def test_the_same_digit_right_after_a_segment_by_another_is_another() -> None:
    receiver = DtmfReceiver()
    receiver.receive(report(1, 1, 0xFFFF, 0), 48_000, 0.0)
    assert receiver.receive(report(2, 2, 960, 0xFFFF), 48_000, 1.4) == (Digit("1", 1365),)


@pytest.mark.parametrize(
    "payload", [b"", b"\x01\x0a\x00", build(TelephoneEvent(16, 100, end=True))]
)
def test_what_is_no_digit_is_ignored_and_counted(payload: bytes) -> None:
    receiver = DtmfReceiver()
    assert receiver.receive(RtpPacket(101, 1, 0, 7, payload), 8_000, 0.0) == ()
    assert receiver.expire(10.0) == ()
    assert receiver.ignored == 1


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(["1", "11", "1212", "0*#9"]))
def test_a_bad_network_never_makes_a_digit_twice(seed: int, text: str) -> None:
    """Loss of a fifth, duplicates and reordering within a digit: fewer at worst, never more."""
    draw = random.Random(seed)
    sent = [
        (packet, when + draw.uniform(0, 0.03))
        for packet, when in packets(text)
        for _ in range(draw.choice((0, 1, 1, 1, 1, 2)))
    ]
    heard = receive(sorted(sent, key=lambda each: each[1]))
    assert len(heard) <= len(text)
    remaining = iter(text)
    assert all(digit.digit in remaining for digit in heard)


@pytest.mark.parametrize("marks_all", [False, True], ids=["first marked", "all marked"])
def test_the_same_timestamp_with_a_marker_is_another_press(marks_all: bool) -> None:
    """Of senders whose timestamp stands still."""
    press = (160, False), (320, False), (480, True), (480, True), (480, True)
    reports = [
        report(3 + 5 * n + at, 5, duration, end=end, marker=marks_all or at == 0)
        for n in range(3)
        for at, (duration, end) in enumerate(press)
    ]
    assert heard_of(*reports) == [Digit("5", 60)] * 3


def test_the_same_timestamp_with_a_marker_ends_a_press_whose_end_was_lost() -> None:
    first = report(1, 5, 160, marker=True), report(2, 5, 320), report(3, 5, 480)
    second = report(9, 5, 160, marker=True), report(10, 5, 320, end=True)
    assert heard_of(*first, *second) == [Digit("5", 60), Digit("5", 40)]


@pytest.mark.parametrize("marker", [False, True])
def test_the_same_timestamp_with_another_code_is_another_press(marker: bool) -> None:
    reports = [
        report(3 * n + at, code, 160 * (at + 1), end=at > 0, marker=marker and at == 0)
        for n, code in enumerate((1, 2, 3))
        for at in range(3)
    ]
    assert [digit.digit for digit in heard_of(*reports)] == ["1", "2", "3"]


def test_a_code_that_comes_back_at_the_same_timestamp_needs_its_marker() -> None:
    ends = report(1, 1, 160, end=True, marker=True), report(2, 2, 160, end=True, marker=True)
    assert len(heard_of(*ends, report(3, 1, 160, end=True))) == 2
    assert len(heard_of(*ends, report(3, 1, 160, end=True, marker=True))) == 3


def test_a_marked_packet_that_is_late_begins_no_press() -> None:
    first, second, end = report(1, 5, 160, marker=True), report(2, 5, 320), report(3, 5, 480)
    end = end._replace(payload=build(TelephoneEvent(5, 480, end=True)))
    assert heard_of(second, end, first) == [Digit("5", 60)]
    assert heard_of(second, first, end) == [Digit("5", 60)]


@pytest.mark.parametrize("clock_rate", [8_000, 48_000])
@pytest.mark.parametrize("counts_on", [False, True], ids=["each its own duration", "all of it"])
@pytest.mark.parametrize("lost", [set(), {3}, {0}], ids=["none lost", "one lost", "first lost"])
def test_a_timestamp_that_runs_on_is_one_press(
    clock_rate: int, counts_on: bool, lost: set[int]
) -> None:
    step = clock_rate // 50
    reports = [
        report(
            65_534 + n,
            5,
            step * (n + 1) if counts_on else step,
            0xFFFF_FF00 + step * n,
            end=n == 7,
            marker=n == 0,
        )
        for n in range(8)
        if n not in lost
    ]
    (digit,) = heard_of(*reports, clock_rate=clock_rate)
    assert digit.duration_ms == (140 if lost == {0} and not counts_on else 160)


def test_segments_may_be_shorter_than_the_longest() -> None:
    """§2.5.1.3.1: with redundancy there is room for 0x3FFF units."""
    segment = 0x3FFF
    reports = [
        report(n, 8, segment if n < 3 else 160, segment * n, end=n == 3, marker=n == 0)
        for n in range(4)
    ]
    assert heard_of(*reports) == [Digit("8", round((3 * segment + 160) / 8))]


def test_a_segment_that_says_it_is_the_end_is_not_told_twice() -> None:
    reports = [report(n, 8, 800, 800 * n, end=True, marker=n == 0) for n in range(3)]
    assert heard_of(*reports) == [Digit("8", 100)]


@pytest.mark.parametrize(("gap_ms", "presses"), [(20, 1), (40, 2), (100, 2)])
def test_the_same_digit_after_a_gap_is_another_press_though_its_marker_was_lost(
    gap_ms: int, presses: int
) -> None:
    second = 1000 + 800 + 8 * gap_ms
    reports = report(1, 5, 800, end=True, marker=True), report(8, 5, 400, second, end=True)
    assert len(heard_of(*reports)) == presses


def test_the_same_digit_right_after_the_last_is_another_press_if_it_is_marked() -> None:
    reports = [report(n, 5, 800, 800 * n, end=True, marker=True) for n in range(3)]
    assert heard_of(*reports) == [Digit("5", 100)] * 3


def test_numbers_that_begin_anew_are_no_late_packets() -> None:
    far = report(30_000, 5, 800, end=True, marker=True)
    assert len(heard_of(far, report(1, 6, 800, 9000, end=True, marker=True))) == 2


def test_an_event_behind_the_last_one_in_time_but_not_in_order_is_a_press() -> None:
    """The far end's clock has begun anew."""
    reports = report(1, 5, 800, 90_000, end=True), report(2, 6, 800, 1_000, end=True)
    assert len(heard_of(*reports)) == 2


events = st.builds(
    report,
    st.integers(0, 0xFFFF) | st.integers(0, 20),
    st.integers(0, 17),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF_FFFF) | st.sampled_from([0, 160, 320, 800]),
    end=st.booleans(),
    marker=st.booleans(),
)


@given(st.lists(events | st.binary(max_size=6).map(lambda data: RtpPacket(1, 2, 3, 4, data))))
def test_nothing_raises_and_no_more_is_told_than_came(sent: list[RtpPacket]) -> None:
    receiver = DtmfReceiver()
    told: list[Digit] = []
    for at, packet in enumerate(sent):
        told += receiver.receive(packet, 8_000, at * 0.02)
    told += receiver.expire(len(sent) * 0.02 + 1)
    assert len(told) <= len(sent)
    assert all(digit.duration_ms >= 0 for digit in told)
