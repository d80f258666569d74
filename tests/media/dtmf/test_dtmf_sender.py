"""Digits as they are sent (RFC 4733 §2.5.1)."""

from dataclasses import dataclass

import pytest

from sipcli.media.dtmf.dtmf_digits import Digit, InvalidDigits, Pause, parse_digits
from sipcli.media.dtmf.dtmf_sender import DtmfSender, EventFrame
from sipcli.media.dtmf.telephone_event import TelephoneEvent, parse

START = 1000


@dataclass
class Sent:
    """What was sent in the frame `at`."""

    at: int
    frame: EventFrame
    event: TelephoneEvent


def send(
    text: str, frames: int, clock_rate: int = 8_000, sender: DtmfSender | None = None
) -> list[Sent]:
    """All events in `frames` frames from `START` on; the others are audio."""
    sender = sender or DtmfSender()
    sender.queue(parse_digits(text))
    found = []
    for at in range(frames):
        timestamp = (START + at * clock_rate // 50) & 0xFFFF_FFFF
        frame = sender.frame(timestamp, clock_rate)
        if frame is not None:
            event = parse(frame.payload)
            assert event is not None
            found.append(Sent(at, frame, event))
    assert not sender.busy
    return found


@pytest.mark.parametrize("clock_rate", [8_000, 48_000])
def test_a_digit_is_reported_as_it_grows_and_its_end_three_times(clock_rate: int) -> None:
    found = send("5", 20, clock_rate)
    step = clock_rate // 50
    assert [one.at for one in found] == list(range(7))
    assert [one.event.duration for one in found] == [n * step for n in (1, 2, 3, 4, 5, 5, 5)]
    assert [one.event.end for one in found] == [False] * 4 + [True] * 3
    assert [one.frame.marker for one in found] == [True] + [False] * 6
    assert {one.frame.timestamp for one in found} == {START}
    assert {(one.event.code, one.event.volume) for one in found} == {(5, 10)}
    assert {one.frame.clock_rate for one in found} == {clock_rate}


def test_the_end_is_told_once() -> None:
    told = [one.frame.finished for one in send("5", 20)]
    assert told == [None] * 4 + [Digit("5", 100)] + [None] * 2


def test_the_codes_are_those_of_the_rfc() -> None:
    found = send("0123456789*#ABCD", 200)
    codes = [one.event.code for one in found if one.frame.marker]
    assert codes == list(range(16))


def test_the_gap_is_at_least_70_ms() -> None:
    starts = [one.at for one in send("12", 30) if one.frame.marker]
    assert starts == [0, 9]  # 100 ms, and 80 ms of which 40 are the repeated ends


@pytest.mark.parametrize(("pause", "frames"), [(",", 100), ("w", 25), (",w", 125), (",,", 200)])
def test_pauses_last_as_long_as_they_say(pause: str, frames: int) -> None:
    found = send(f"{pause}1", frames + 20)
    assert found[0].at == frames
    found = send(f"1{pause}2", frames + 40)
    assert [one.at for one in found if one.frame.marker] == [0, 9 + frames]


def test_the_audios_time_goes_on_under_the_digits() -> None:
    found = send("12", 30, 48_000)
    assert [one.frame.timestamp for one in found if one.frame.marker] == [START, START + 9 * 960]


@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [(20, [160]), (50, [160, 320, 400]), (110, [160, 320, 480, 640, 800, 880])],
)
def test_a_duration_need_not_be_whole_frames(duration_ms: int, expected: list[int]) -> None:
    found = send("1", 20, sender=DtmfSender(duration_ms=duration_ms))
    assert [one.event.duration for one in found] == expected + expected[-1:] * 2
    assert found[0].frame.marker
    assert not any(one.frame.marker for one in found[1:])


def test_a_long_digit_goes_on_in_segments() -> None:
    found = send("9", 200, 48_000, DtmfSender(duration_ms=3000))
    marks = [one.at for one in found if one.frame.marker]
    segments = sorted({one.frame.timestamp for one in found})
    last = [[s for s in found if s.frame.timestamp == segment][-3:] for segment in segments]
    assert marks == [0]
    assert segments == [START, START + 0xFFFF, START + 2 * 0xFFFF]
    assert [[s.event.duration for s in end] for end in last] == [
        [0xFFFF] * 3,
        [0xFFFF] * 3,
        [144_000 - 2 * 0xFFFF] * 3,
    ]
    assert [[s.event.end for s in end] for end in last] == [[False] * 3, [False] * 3, [True] * 3]
    for segment in segments:
        durations = [s.event.duration for s in found if s.frame.timestamp == segment]
        assert durations == sorted(durations)
    assert [s.at for s in found] == list(range(150 + 2))


def test_a_segments_timestamp_wraps() -> None:
    sender = DtmfSender(duration_ms=2000)
    sender.queue(parse_digits("9"))
    stamps = set()
    for _ in range(110):
        frame = sender.frame(0xFFFF_FF00, 48_000)
        if frame is not None:
            stamps.add(frame.timestamp)
    assert stamps == {0xFFFF_FF00, 0xFEFF}


def test_what_is_taken_back_is_not_sent_and_what_sounds_ends_well() -> None:
    sender = DtmfSender()
    sender.queue(parse_digits("1,2"))
    first = sender.frame(0, 8_000)
    assert sender.take_back() == (Pause(2.0), "2")
    found = [sender.frame(160 * n, None) for n in range(1, 50)]
    assert first is not None
    ends = [one for one in found if one is not None]
    assert [parsed(one).end for one in ends] == [False] * 3 + [True] * 3
    assert not sender.busy


def parsed(frame: EventFrame) -> TelephoneEvent:
    event = parse(frame.payload)
    assert event is not None
    return event


def test_without_a_clock_nothing_begins_and_nothing_is_lost() -> None:
    sender = DtmfSender()
    sender.queue(parse_digits("7"))
    assert all(sender.frame(0, None) is None for _ in range(50))
    frame = sender.frame(0, 48_000)
    assert frame is not None
    assert frame.marker


@pytest.mark.parametrize(("frames", "left"), [(1, 3), (3, 3), (5, 2), (6, 2)])
def test_a_digit_that_has_to_end_at_once_tells_its_end(frames: int, left: int) -> None:
    sender = DtmfSender()
    sender.queue(parse_digits("5"))
    begun = [sender.frame(START, 8_000) for _ in range(frames)]
    rest = sender.end()
    assert len(rest) == left
    assert all(parsed(one).end for one in rest)
    assert {parsed(one).duration for one in rest} == {max(2, min(frames, 5)) * 160}
    assert not any(one.marker for one in rest)
    finished = [one.finished for one in (*begun, *rest) if one is not None and one.finished]
    assert finished == [Digit("5", max(2, min(frames, 5)) * 20)]
    assert sender.end() == ()
    assert all(sender.frame(START, 8_000) is None for _ in range(20))


def test_a_digit_may_begin_again() -> None:
    sender = DtmfSender()
    sender.queue(parse_digits("56"))
    sender.frame(START, 8_000)
    sender.begin_again()
    frames = [sender.frame(START + 160 * n, 48_000) for n in range(30)]
    sent = [one for one in frames if one is not None]
    assert [parsed(one).code for one in sent if one.marker] == [5, 6]
    assert {one.clock_rate for one in sent} == {48_000}


def test_what_waits_is_bounded() -> None:
    sender = DtmfSender()
    sender.queue(parse_digits("1" * 1000))
    with pytest.raises(InvalidDigits, match="1000 digits"):
        sender.queue(parse_digits("2"))
