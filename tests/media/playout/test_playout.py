"""The jitter buffer in virtual time: what is played when packets come as they like."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.media.codecs.comfort_noise import ComfortNoiseDecoder
from sipcli.media.pcm import FRAME, RATE
from sipcli.media.playout.playout import LONGEST_QUEUE, MOST_PACKETS, Playout
from sipcli.media.rtp.packet import RtpPacket
from tests.media.playout.network import (
    MADE_UP,
    NOTHING,
    Arrival,
    Listener,
    Network,
    TellingDecoder,
    delay,
    delays,
    numbered,
    played,
    sounds,
)

SETTLED = 0.030 + 0.020 + 0.003 + 0.002 + 0.0025
"""Seconds: the network's delay, a frame and the slack of `Pacing`, the margin of `Delays`, and
what is left where less is no seam."""


def even(first: int, end: int, lost: set[int] | None = None) -> list[Arrival]:
    """Packets that come 30 ms after they are sent, all but the `lost`."""
    return [numbered(n, n * 0.020 + 0.030) for n in range(first, end) if n not in (lost or set())]


def test_there_is_silence_before_the_first_packet() -> None:
    listener = Listener()
    assert played(listener.listen([], 1.0)) == [NOTHING]
    assert listener.playout.counts.concealed == 0


def test_an_even_stream_is_played_once_in_order_without_waiting() -> None:
    listener = Listener()
    heard = list(listener.listen(even(0, 500), 10.0))
    assert played(heard) == [NOTHING, *range(1, 500)]
    assert max(delays(heard)) == pytest.approx(0.035)
    assert listener.playout.counts.concealed == 0
    assert listener.playout.delay_s == pytest.approx(0.005, abs=0.001)


@pytest.mark.parametrize("phase", [0.0, 0.003, 0.0095, 0.011, 0.019])
def test_wherever_the_clocks_stand_to_each_other_the_wait_is_at_most_a_frame(phase: float) -> None:
    listener = Listener(phase=phase)
    heard = list(listener.listen(even(0, 250), 5.0))
    assert max(delays(heard)) - 0.030 < 0.0225
    assert listener.playout.counts.concealed == 0


def test_a_frame_may_be_asked_for_in_halves() -> None:
    listener = Listener(tick=0.010)
    heard = list(listener.listen(even(0, 250), 5.0))
    assert played(heard) == [NOTHING, *range(1, 250)]
    assert {len(frame.pcm) for frame in heard} == {480}


@pytest.mark.parametrize(
    ("samples", "milliseconds"), [(120, 2.5), (480, 10), (2880, 60), (5760, 120)]
)
def test_packets_may_be_of_any_length(samples: int, milliseconds: float) -> None:
    listener = Listener(TellingDecoder(samples=samples))
    count = int(3000 / milliseconds)
    arrivals = [
        numbered(n, n * milliseconds / 1000 + 0.030, timestamp=n * samples) for n in range(count)
    ]
    heard = list(listener.listen(arrivals, 3.0))
    found = sounds(heard)
    assert sorted(set(found)) == list(range(found[0], found[-1] + 1))
    assert found[0] <= 3
    assert found[-1] > count - 3 - 150 / milliseconds
    assert listener.playout.counts.concealed < FRAME


def test_a_lost_packet_is_made_up_for_and_costs_no_delay() -> None:
    listener = Listener()
    heard = list(listener.listen(even(0, 200, lost={50, 120}), 4.0))
    found = played(heard)
    assert found == [NOTHING, *range(1, 51), MADE_UP, *range(52, 121), MADE_UP, *range(122, 200)]
    counts = listener.playout.counts
    assert (counts.concealed, counts.concealments, counts.late) == (2 * FRAME, 2, 0)
    assert max(delays(heard)) == pytest.approx(0.035)


def test_losses_in_a_row_are_one_run() -> None:
    listener = Listener()
    list(listener.listen(even(0, 200, lost={50, 51, 52}), 4.0))
    counts = listener.playout.counts
    assert (counts.concealed, counts.concealments) == (3 * FRAME, 1)


def test_fec_is_waited_for_once_there_are_losses_and_brings_them_back() -> None:
    lost = set(range(20, 500, 20))
    listener = Listener(TellingDecoder(fec=True))
    heard = list(listener.listen(even(0, 500, lost), 10.0))
    late = played(heard)[-200:]
    assert MADE_UP not in late
    assert late == list(range(late[0], late[-1] + 1))
    counts = listener.playout.counts
    assert counts.recovered >= 18 * FRAME
    assert max(delays(heard)) == pytest.approx(0.055, abs=0.003)


def test_without_losses_nothing_is_waited_for_fec() -> None:
    listener = Listener(TellingDecoder(fec=True))
    heard = list(listener.listen(even(0, 500), 10.0))
    assert max(delays(heard)) == pytest.approx(0.035)


def test_of_a_run_of_losses_fec_brings_back_the_last() -> None:
    lost = {*range(20, 300, 20), 400, 401, 402}
    listener = Listener(TellingDecoder(fec=True))
    found = played(listener.listen(even(0, 500, lost), 10.0))
    at = found.index(400)
    assert found[at : at + 4] == [400, MADE_UP, 403, 404]


def test_of_short_packets_too_fec_brings_back_the_last() -> None:
    """The two that are lost would fit into one frame that is asked for."""
    arrivals = [
        numbered(n, n * 0.010 + (0.030 if n % 20 else 0.070), timestamp=n * 480)
        for n in range(1000)
        if n not in {801, 802}
    ]
    listener = Listener(TellingDecoder(fec=True, samples=480))
    found = played(listener.listen(sorted(arrivals, key=lambda one: one.when), 10.0))
    at = found.index(801)
    assert found[at : at + 4] == [801, MADE_UP, 803, 804]


def test_a_pause_is_no_reason_to_wait_for_fec() -> None:
    arrivals, sequence = [], 0
    for n in range(1000):
        if n % 10:
            arrivals.append(numbered(n, n * 0.020 + 0.030, sequence=sequence))
            sequence += 1
    listener = Listener(TellingDecoder(fec=True))
    assert max(delays(listener.listen(arrivals, 20.0))) == pytest.approx(0.035)


def test_reordered_packets_are_put_right_once_that_is_known_to_happen() -> None:
    arrivals = []
    for n in range(500):  # every tenth comes 25 ms after the one that follows it
        arrivals.append(numbered(n, n * 0.020 + 0.030 + (0.045 if n % 10 == 5 else 0.0)))
    listener = Listener()
    heard = list(listener.listen(sorted(arrivals, key=lambda one: one.when), 10.0))
    late = played(heard)[-300:]
    assert late == list(range(late[0], late[-1] + 1))
    assert 1 <= listener.playout.counts.late + listener.playout.counts.concealments <= 6


def test_duplicates_are_played_once() -> None:
    arrivals = [one for arrival in even(0, 100) for one in (arrival, arrival)]
    listener = Listener()
    assert played(listener.listen(arrivals, 2.0)) == [NOTHING, *range(1, 100)]
    counts = listener.playout.counts
    assert counts.duplicate + counts.late == 99


def test_a_packet_after_its_turn_is_late_and_not_played() -> None:
    arrivals = [*even(0, 100, lost={50}), numbered(50, 51 * 0.020 + 0.060)]
    listener = Listener()
    found = played(listener.listen(sorted(arrivals, key=lambda one: one.when), 2.0))
    assert 51 not in found
    assert listener.playout.counts.late == 1


def test_jitter_is_met_with_a_wait_that_falls_again_after_it() -> None:
    calm, rough = Network(), Network(delay=0.060, jitter=0.030)
    arrivals = [
        *calm.carry(range(500)),
        *rough.carry(range(500, 1500)),
        *calm.carry(range(1500, 3500)),
    ]
    listener = Listener()
    heard = list(listener.listen(sorted(arrivals, key=lambda one: one.when), 70.0))
    then = {round(frame.when): delay(frame) or 0.0 for frame in heard}
    assert then[9] == pytest.approx(0.035)
    assert 0.085 < then[25] < 0.115
    assert then[68] < SETTLED
    assert listener.playout.counts.concealed < 12 * FRAME


@pytest.mark.parametrize("drift", [200e-6, -200e-6])
def test_clocks_that_drift_apart_for_an_hour_cost_nothing(drift: float) -> None:
    count = 180_000
    network = Network(drift=drift)
    listener = Listener()
    worst = 0.0
    for frame in listener.listen(network.carry(range(count)), count * 0.020):
        found = delay(frame, drift)
        if found is not None:
            worst = max(worst, found)
    counts, pacing = listener.playout.counts, listener.playout.pacing
    assert worst < 0.030 + 0.024 + 0.020
    assert counts.concealed <= FRAME
    assert counts.late == 0
    apart = (pacing.inserted - pacing.removed) / (count * FRAME)
    assert apart == pytest.approx(drift, rel=0.1)


def test_everything_at_once_for_ten_minutes_keeps_the_delay_bounded() -> None:
    network = Network(
        loss=0.05, delay=0.080, jitter=0.040, in_order=False, repeated=0.02, drift=200e-6
    )
    listener = Listener(TellingDecoder(fec=True))
    heard = list(listener.listen(network.carry(range(30_000)), 600.0))
    counts = listener.playout.counts
    settled = delays(heard[500:], network.drift)
    assert max(settled) < 0.080 + 0.040 + 0.065
    made_up = counts.concealed / (counts.concealed + counts.played + counts.recovered)
    assert made_up < 0.015  # of 5 %: what was lost together with the packet that stands in for it
    assert counts.overflowed == 0


def test_padding_does_not_count_as_sound_nor_as_loss() -> None:
    """Chromium sends such packets under loss: own numbers, the timestamp of the one before."""
    arrivals, sequence = [], 0
    for n in range(400):
        arrivals.append(numbered(n, n * 0.020 + 0.030, sequence=sequence))
        sequence += 1
        if n % 3 == 0:
            padding = RtpPacket(96, sequence, n * FRAME, 1, b"")
            arrivals.append(Arrival(n * 0.020 + 0.031, padding))
            sequence += 1
    listener = Listener()
    heard = list(listener.listen(arrivals, 8.0))
    assert played(heard) == [NOTHING, *range(1, 400)]
    assert max(delays(heard)) == pytest.approx(0.035)


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
        listener.playout.get(arrival.when + 0.005)
    mark = RtpPacket(13, 100, 100 * FRAME, 1, b"\x3c")
    listener.playout.put(mark, 1, noise, 2.030)
    quiet = [listener.playout.get(2.035 + n * 0.020) for n in range(400)]
    assert all(0 < np.abs(frame.astype(int)).max() < 300 for frame in quiet[1:])
    for n in range(400):
        listener.put(
            numbered(
                600 + n, (500 + n) * 0.020 + 0.030, sequence=101 + n, timestamp=(500 + n) * FRAME
            )
        )
        frame = listener.playout.get((500 + n) * 0.020 + 0.035)
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
        listener.playout.put(packet, 6, narrow, n * 0.020 + 0.030)
        heard.extend(listener.listen([], n * 0.020 + 0.035))
    heard.extend(listener.listen([], 4.06))
    assert sounds(heard) == list(range(1, 201))


def test_a_moment_without_anything_is_played_later_and_then_caught_up() -> None:
    """The network holds everything back for 300 ms, then brings it all at once."""
    arrivals = [
        numbered(n, max(n * 0.020 + 0.030, 2.330) if 100 <= n < 115 else n * 0.020 + 0.030)
        for n in range(1500)
    ]
    listener = Listener()
    heard = list(listener.listen(arrivals, 29.0))
    assert delays(heard)[-1] < SETTLED
    assert max(delays(heard)) < 0.290  # the longest wait: what is older is dropped
    assert listener.playout.counts.late > 0
    assert listener.playout.counts.concealments <= 2
    assert listener.playout.counts.overflowed == 0


@pytest.mark.parametrize(("samples", "tick"), [(480, 0.010), (480, 0.020), (960, 0.010)])
def test_a_delay_is_caught_up_with_short_packets_and_short_frames_too(
    samples: int, tick: float
) -> None:
    spacing = samples / RATE
    arrivals = []
    for n in range(int(28 / spacing)):
        held_back = 2.330 if 2.0 < n * spacing < 2.3 else 0.0
        arrivals.append(numbered(n, max(n * spacing + 0.030, held_back), timestamp=n * samples))
    listener = Listener(TellingDecoder(samples=samples), tick=tick)
    list(listener.listen([one for one in arrivals if one.when < 5.0], 5.0))
    assert listener.playout.delay_s > 0.100
    list(listener.listen([one for one in arrivals if one.when >= 5.0], 26.0))
    assert listener.playout.delay_s < 0.040
    assert listener.playout.pacing.removed > 0


def test_what_is_missing_among_packets_that_wait_is_made_up_for_at_once() -> None:
    network = Network(delay=0.060, jitter=0.030, in_order=False)
    lost = {800, 801}
    arrivals = [one for one in network.carry(range(1000)) if one.packet.sequence not in lost]
    listener = Listener()
    heard = listener.listen(arrivals, 20.0)
    before = [next(heard) for _ in range(780)]
    runs = listener.playout.counts.concealments
    found = played([*before, *heard])
    at = found.index(800)
    assert found[at : at + 3] == [800, MADE_UP, 803]
    assert listener.playout.counts.concealments == runs + 1


def test_after_an_outage_what_is_too_old_is_not_played() -> None:
    arrivals = [
        numbered(n, max(n * 0.020 + 0.030, 5.030) if 100 <= n < 250 else n * 0.020 + 0.030)
        for n in range(1500)
    ]
    listener = Listener()
    heard = list(listener.listen(arrivals, 30.0))
    assert max(delays(heard)) < 0.8
    assert delays(heard)[-1] < SETTLED
    counts = listener.playout.counts
    assert counts.overflowed + counts.late > 100
    assert counts.concealed <= 12 * FRAME


def test_a_stream_that_ends_is_faded_and_then_silent() -> None:
    listener = Listener()
    heard = list(listener.listen(even(0, 100), 5.0))
    assert played(heard) == [NOTHING, *range(1, 101), MADE_UP, NOTHING]
    made_up = sum(int((frame.pcm == MADE_UP).sum()) for frame in heard)
    assert made_up == 10 * FRAME
    assert listener.playout.counts.concealed == 0


def test_it_holds_no_more_than_half_a_second() -> None:
    listener = Listener()
    for arrival in even(0, 5000):
        listener.put(arrival)
    counts = listener.playout.counts
    assert counts.overflowed == 5000 - LONGEST_QUEUE // FRAME
    listener.clock = 100.0
    assert sounds(listener.listen([], 100.05))[0] > 4970


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
    listener.playout.put(RtpPacket(13, 100, 100 * FRAME, 1, b"\x3c"), 1, noise, 2.030)
    listener.playout.get(2.035)
    listener.clock = 10.035
    arrivals = [
        numbered(n, (n + 400) * 0.020 + 0.030, timestamp=(n + 400) * FRAME) for n in range(101, 150)
    ]
    assert sounds(listener.listen(arrivals, 10.15))[0] == 102
    assert listener.playout.counts.paused <= 6 * FRAME


def test_asking_for_little_of_a_stream_that_waits_to_begin_again_ends() -> None:
    """A change of the delay is pending, packets are there, and none of them is due."""
    listener = Listener(TellingDecoder(samples=480), tick=0.010)
    rough = [
        numbered(n, n * 0.010 + (0.120 if n % 3 else 0.030), timestamp=n * 480) for n in range(300)
    ]
    list(listener.listen(sorted(rough, key=lambda one: one.when), 4.0))
    for n in range(400, 420):
        listener.playout.pacing.observe(-0.05, 0, 480)
        arrival = numbered(n, n * 0.010 + 0.030, timestamp=n * 480)
        heard = list(listener.listen([arrival], arrival.when + 0.011))
        assert all(len(frame.pcm) == 480 for frame in heard)


def test_many_short_packets_are_bounded_too() -> None:
    listener = Listener(TellingDecoder(samples=120))
    for n in range(1000):
        listener.put(numbered(n, 0.0, timestamp=n * 120))
    assert listener.playout.counts.overflowed == 1000 - MOST_PACKETS


def test_a_listener_that_was_away_goes_on_with_what_is_new() -> None:
    """The sound device hangs for five seconds while packets come."""
    arrivals = even(0, 1000)
    listener = Listener()
    list(listener.listen(arrivals[:100], 2.0))
    for arrival in arrivals[100:350]:
        listener.put(arrival)
    listener.clock = 7.015
    heard = list(listener.listen(arrivals[350:], 19.0))
    assert delays(heard)[0] < 0.6
    assert delays(heard)[-1] < SETTLED
    assert listener.playout.counts.concealed <= FRAME


def test_an_undecodable_packet_is_passed_over() -> None:
    arrivals = even(0, 100)
    broken = arrivals[50].packet
    bad = RtpPacket(96, broken.sequence, broken.timestamp, 1, b"???")
    arrivals[50] = Arrival(arrivals[50].when, bad)
    listener = Listener()
    found = played(listener.listen(arrivals, 2.0))
    assert found == [NOTHING, *range(1, 51), MADE_UP, *range(52, 100)]
    assert listener.playout.counts.undecodable == 1


def test_no_packet_is_played_before_or_after_its_neighbours() -> None:
    network = Network(loss=0.1, delay=0.06, jitter=0.05, in_order=False, repeated=0.1, seed=9)
    listener = Listener(TellingDecoder(fec=True))
    found = sounds(listener.listen(network.carry(range(5000)), 100.0))
    # Where sound is put in, the end of one and the beginning of the next are heard twice.
    assert all(one <= other + 1 for one, other in pairwise(found))


packets = st.builds(
    RtpPacket,
    payload_type=st.just(96),
    sequence=st.integers(0, 0xFFFF) | st.integers(0, 40),
    timestamp=st.integers(0, 0xFFFF_FFFF) | st.integers(0, 40).map(lambda n: n * FRAME),
    ssrc=st.integers(1, 2),
    payload=st.binary(min_size=4, max_size=4) | st.binary(max_size=6),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(packets, st.booleans(), st.sampled_from([1, 6]), st.integers(0, 3))),
    st.booleans(),
    st.sampled_from([120, 960, 5760]),
)
def test_whatever_comes_a_frame_is_a_frame(
    sent: list[tuple[RtpPacket, bool, int, int]], fec: bool, samples: int
) -> None:
    playout, decoder, now = Playout(), TellingDecoder(fec=fec, samples=samples), 0.0
    for packet, heard, scale, frames in sent:
        if heard:
            playout.put(packet, scale, decoder, now)
        else:
            playout.step_over(packet)
        for _ in range(frames):
            now += 0.020
            assert len(playout.get(now)) == FRAME
    for _ in range(40):
        now += 0.020
        assert len(playout.get(now)) == FRAME
