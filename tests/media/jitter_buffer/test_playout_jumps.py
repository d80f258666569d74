"""The jitter buffer in virtual time: pauses, jumps of the numbering, other sources and codecs."""

import numpy as np
import pytest

from sipcli.media.codecs.comfort_noise import ComfortNoiseDecoder
from sipcli.media.pcm import FRAME
from sipcli.media.rtp.packet import RtpPacket
from tests.media.jitter_buffer.network import (
    MADE_UP,
    NOTHING,
    Arrival,
    Listener,
    TellingDecoder,
    delays,
    even,
    numbered,
    played,
    sounds,
)


def pause_of(packets: int, passed: bool) -> list[Arrival]:
    """After packet 99 nothing is sent for a while; or only events, which have numbers."""
    arrivals = even(0, 100)
    for n in range(100, 300):
        shift = packets if passed else 0
        moved = numbered(n, (n + packets) * 0.020 + 0.030, timestamp=(n + packets) * FRAME)
        arrivals.append(numbered_at(moved, n + shift))
    if passed:
        for n in range(100, 100 + packets):
            event = RtpPacket(101, n, 100 * FRAME, 1, b"")
            arrivals.append(Arrival(n * 0.020 + 0.030, event))
    return sorted(arrivals, key=lambda one: one.when)


def numbered_at(arrival: Arrival, sequence: int) -> Arrival:
    packet = arrival.packet
    return Arrival(
        arrival.when,
        RtpPacket(packet.payload_type, sequence, packet.timestamp, packet.ssrc, packet.payload),
    )


@pytest.mark.parametrize(
    ("packets", "passed"),
    [
        *((packets, False) for packets in (1, 5, 9, 12, 50, 2000)),
        *((packets, True) for packets in (1, 5, 9, 12, 50)),
    ],
)
def test_a_pause_of_the_senders_is_no_loss(packets: int, passed: bool) -> None:
    listener = Listener()
    heard = list(listener.listen(pause_of(packets, passed), 8.0 + packets * 0.020))
    found = sounds(heard)
    assert found == list(range(1, 301))
    assert listener.playout.counts.concealed == 0
    last = next(frame.when for frame in heard if 300 in frame.values)
    assert last - (299 + packets) * 0.020 - 0.030 < 0.045


def test_comfort_noise_goes_on_through_a_pause_and_speech_comes_back_on_time() -> None:
    listener = Listener()
    noise = ComfortNoiseDecoder()
    for arrival in even(0, 100):
        listener.put(arrival)
        listener.playout.read(arrival.when + 0.005)
    mark = RtpPacket(13, 100, 100 * FRAME, 1, b"\x3c")
    listener.playout.add_packet(mark, 1, noise, 2.030)
    quiet = [listener.playout.read(2.035 + n * 0.020) for n in range(400)]
    assert all(0 < np.abs(frame.astype(int)).max() < 300 for frame in quiet[1:])
    for n in range(400):
        listener.put(
            numbered(
                600 + n, (500 + n) * 0.020 + 0.030, sequence=101 + n, timestamp=(500 + n) * FRAME
            )
        )
        frame = listener.playout.read((500 + n) * 0.020 + 0.035)
    assert frame[-1] == 600 + 399 + 1
    assert listener.playout.counts.concealed == 0


JUMPS = {
    "other source": {"ssrc": 2, "sequence": 40_000, "timestamp": 77_777},
    "sequence": {"sequence": 40_000},
    "timestamp back": {"timestamp": 5},
    "timestamp far forward": {"timestamp": 0x7000_0000},
    "timestamp half a second forward": {"timestamp": 24_000 + 100 * FRAME},
    "timestamp half a second back": {"timestamp": 76 * FRAME},
    "both": {"sequence": 20_000, "timestamp": 0xFFFF_0000},
}


@pytest.mark.parametrize("changes", JUMPS.values(), ids=list(JUMPS))
@pytest.mark.parametrize("idle", [0, 3, 500], ids=["at once", "after 60 ms", "after 10 s"])
def test_after_any_jump_the_stream_goes_on_without_a_gap(
    changes: dict[str, int], idle: int
) -> None:
    arrivals = even(0, 100)
    for n in range(100, 400):
        moved = {"sequence": 100, "timestamp": (100 + idle) * FRAME, "ssrc": 1, **changes}
        moved["sequence"] = moved["sequence"] + n - 100 & 0xFFFF
        moved["timestamp"] = moved["timestamp"] + (n - 100) * FRAME & 0xFFFF_FFFF
        arrivals.append(numbered(n, (n + idle) * 0.020 + 0.030, **moved))
    listener = Listener()
    heard = list(listener.listen(arrivals, 8.0 + idle * 0.020))
    found = sounds(heard)
    assert found == list(range(1, 400))
    last = next(frame.when for frame in heard if 399 in frame.values)
    assert last - (398 + idle) * 0.020 - 0.030 < 0.050
    assert listener.playout.counts.concealed == 0


def test_a_timestamp_that_stood_still_while_the_call_was_on_hold_is_no_delay() -> None:
    arrivals = even(0, 100)
    arrivals += [numbered(n, n * 0.020 + 60.030) for n in range(100, 300)]
    listener = Listener()
    heard = list(listener.listen(arrivals, 68.0))
    late = [frame for frame in heard if frame.when > 63.0]
    assert sounds(heard) == list(range(1, 301))
    assert max(delays(late)) - 60.030 < 0.025
    assert listener.playout.counts.concealed == 0


def test_another_codec_with_another_clock_follows_without_a_gap() -> None:
    listener = Listener()
    narrow = TellingDecoder()
    arrivals = even(0, 100)
    heard = list(listener.listen(arrivals, 2.02))
    for n in range(100, 200):
        packet = numbered(n, 0.0, timestamp=100 * FRAME + (n - 100) * 160).packet
        listener.playout.add_packet(packet, 6, narrow, n * 0.020 + 0.030)
        heard.extend(listener.listen([], n * 0.020 + 0.035))
    heard.extend(listener.listen([], 4.06))
    assert sounds(heard) == list(range(1, 201))


def test_a_stream_that_ends_is_faded_and_then_silent() -> None:
    listener = Listener()
    heard = list(listener.listen(even(0, 100), 5.0))
    assert played(heard) == [NOTHING, *range(1, 101), MADE_UP, NOTHING]
    made_up = sum(int((frame.pcm == MADE_UP).sum()) for frame in heard)
    assert made_up == 10 * FRAME
    assert listener.playout.counts.concealed == 0


def test_a_few_too_many_are_skipped_without_a_pause() -> None:
    listener = Listener()
    list(listener.listen(even(0, 100), 2.01))
    for arrival in even(100, 130):
        listener.put(arrival)
    listener.clock = 2.035
    heard = list(listener.listen(even(130, 140), 2.4))
    assert 0 < listener.playout.counts.overflowed < 10
    assert MADE_UP not in played(heard)


def test_a_listener_that_was_away_in_a_pause_does_not_make_up_for_it() -> None:
    listener = Listener()
    noise = ComfortNoiseDecoder()
    list(listener.listen(even(0, 100), 2.0))
    listener.playout.add_packet(RtpPacket(13, 100, 100 * FRAME, 1, b"\x3c"), 1, noise, 2.030)
    listener.playout.read(2.035)
    listener.clock = 10.035
    arrivals = [
        numbered(n, (n + 400) * 0.020 + 0.030, timestamp=(n + 400) * FRAME) for n in range(101, 150)
    ]
    assert sounds(listener.listen(arrivals, 10.15))[0] == 102
    assert listener.playout.counts.paused <= 6 * FRAME


@pytest.mark.parametrize("timestamp", [0x7000_0000, 0x9000_0000, 200 * FRAME])
def test_an_old_packet_with_an_impossible_time_costs_nothing_but_itself(timestamp: int) -> None:
    """By its number it is one that was missing; by its time it belongs nowhere."""
    strange = numbered(50, 100 * 0.020 + 0.031, timestamp=timestamp)
    arrivals = sorted([*even(0, 400, lost={50}), strange], key=lambda one: one.when)
    listener = Listener()
    heard = list(listener.listen(arrivals, 8.0))
    assert delays(heard)[-1] < 0.040
    assert sounds(heard) == [n for n in range(1, 400) if n != 51]
    assert listener.playout.counts.undecodable == 1
    assert listener.playout.delay_control.inserted == listener.playout.delay_control.removed == 0
