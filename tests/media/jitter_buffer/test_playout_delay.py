"""The jitter buffer in virtual time: how long sound waits in it, and how much of it there is."""

import pytest

from sipcli.media.jitter_buffer.jitter_buffer import MAX_PACKETS, MAX_QUEUE
from sipcli.media.pcm import FRAME, RATE
from tests.media.jitter_buffer.network import (
    SETTLED,
    Listener,
    Network,
    TellingDecoder,
    delay,
    delays,
    even,
    numbered,
    sounds,
)

pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests


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
    counts, pacing = listener.playout.counts, listener.playout.delay_control
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


def test_what_comes_in_a_heap_at_the_beginning_is_heard_and_soon_caught_up() -> None:
    arrivals = [numbered(n, max(n * 0.020 + 0.030, 0.131)) for n in range(200)]
    listener = Listener()
    heard = list(listener.listen(arrivals, 4.0))
    assert sounds(heard)[0] == 1
    assert max(delays(heard)) < 0.140
    assert delays(heard)[100] < SETTLED
    assert listener.playout.counts.late == 0


def test_a_moment_without_anything_is_played_later_and_then_caught_up() -> None:
    """The network holds everything back for 300 ms, then brings it all at once."""
    arrivals = [
        numbered(n, max(n * 0.020 + 0.030, 2.330) if 100 <= n < 115 else n * 0.020 + 0.030)
        for n in range(1500)
    ]
    listener = Listener()
    heard = list(listener.listen(arrivals, 29.0))
    assert delays(heard)[-1] < SETTLED
    assert max(delays(heard)) < 0.340
    assert sorted(set(sounds(heard))) == list(range(1, sounds(heard)[-1] + 1))
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
    assert listener.playout.delay_control.removed > 0


def test_after_an_outage_what_is_too_old_is_not_played() -> None:
    arrivals = [
        numbered(n, max(n * 0.020 + 0.030, 5.030) if 100 <= n < 250 else n * 0.020 + 0.030)
        for n in range(1500)
    ]
    listener = Listener()
    heard = list(listener.listen(arrivals, 30.0))
    assert max(delays(heard)) < 0.400
    assert delays(heard)[-1] < SETTLED
    counts = listener.playout.counts
    assert counts.overflowed + counts.late > 100
    assert counts.concealed <= 12 * FRAME


def test_it_holds_no_more_than_half_a_second() -> None:
    listener = Listener()
    for arrival in even(0, 5000):
        listener.put(arrival)
    counts = listener.playout.counts
    assert counts.overflowed == 5000 - MAX_QUEUE // FRAME
    listener.clock = 100.0
    assert sounds(listener.listen([], 100.05))[0] > 4970


def test_asking_for_little_of_a_stream_that_waits_to_begin_again_ends() -> None:
    """A change of the delay is pending, packets are there, and none of them is due."""
    listener = Listener(TellingDecoder(samples=480), tick=0.010)
    rough = [
        numbered(n, n * 0.010 + (0.120 if n % 3 else 0.030), timestamp=n * 480) for n in range(300)
    ]
    list(listener.listen(sorted(rough, key=lambda one: one.when), 4.0))
    for n in range(400, 420):
        listener.playout.delay_control.observe(-0.05, 0, 480)
        arrival = numbered(n, n * 0.010 + 0.030, timestamp=n * 480)
        heard = list(listener.listen([arrival], arrival.when + 0.011))
        assert all(len(frame.pcm) == 480 for frame in heard)


def test_many_short_packets_are_bounded_too() -> None:
    listener = Listener(TellingDecoder(samples=120))
    for n in range(1000):
        listener.put(numbered(n, 0.0, timestamp=n * 120))
    assert listener.playout.counts.overflowed == 1000 - MAX_PACKETS


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


def test_a_network_that_is_far_slower_from_now_on_is_not_shortened_for_what_was() -> None:
    """The quickest packets are remembered for 12 s, and nobody waits for 300 ms after them."""
    quick, slow = Network(delay=0.010), Network(delay=0.310, jitter=0.010)
    arrivals = [*quick.carry(range(300)), *slow.carry(range(300, 800))]
    listener = Listener()
    list(listener.listen(arrivals, 8.0))
    assert listener.playout.counts.concealed <= 3 * FRAME
    assert listener.playout.counts.late <= 3
