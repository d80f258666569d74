"""The jitter buffer in virtual time: a stream with nothing wrong, and streams with everything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.media.jitter_buffer.jitter_buffer import JitterBuffer
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


def test_an_undecodable_packet_is_passed_over() -> None:
    arrivals = even(0, 100)
    broken = arrivals[50].packet
    bad = RtpPacket(96, broken.sequence, broken.timestamp, 1, b"???")
    arrivals[50] = Arrival(arrivals[50].when, bad)
    listener = Listener()
    found = played(listener.listen(arrivals, 2.0))
    assert found == [NOTHING, *range(1, 51), MADE_UP, *range(52, 100)]
    assert listener.playout.counts.undecodable == 1


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
    playout, decoder, now = JitterBuffer(), TellingDecoder(fec=fec, samples=samples), 0.0
    for packet, heard, scale, frames in sent:
        if heard:
            playout.add_packet(packet, scale, decoder, now)
        else:
            playout.skip_packet(packet)
        for _ in range(frames):
            now += 0.020
            assert len(playout.read(now)) == FRAME
    for _ in range(40):
        now += 0.020
        assert len(playout.read(now)) == FRAME
