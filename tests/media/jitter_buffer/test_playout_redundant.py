"""The jitter buffer in virtual time: packets that bring earlier ones again (RFC 2198)."""

from dataclasses import replace
from struct import pack

import pytest

from sipcli.media.pcm import FRAME
from tests.media.jitter_buffer.network import (
    MADE_UP,
    Arrival,
    Heard,
    Listener,
    TellingDecoder,
    delays,
    even,
    played,
    sounds,
)


class RedListener(Listener):
    """Each packet that comes brings `count` of those before it again, or those so far back."""

    def __init__(self, count: int, *, distances: tuple[int, ...] = ()) -> None:
        super().__init__(TellingDecoder())
        self.distances = distances or range(1, count + 1)

    def put(self, arrival: Arrival) -> None:
        number = int.from_bytes(arrival.packet.payload, "big")
        redundant = tuple((steps * FRAME, pack("!i", number - steps)) for steps in self.distances)
        self.playout.add_packet(arrival.packet, self.scale, self.decoder, arrival.when, redundant)


def hear(count: int, lost: set[int]) -> tuple[list[Heard], RedListener]:
    listener = RedListener(count)
    return list(listener.listen(even(10, 520, lost), 10.2)), listener


def test_what_comes_again_is_no_second_time_heard_and_not_waited_for() -> None:
    heard, listener = hear(2, set())
    assert sounds(heard)[:490] == list(range(11, 501))
    assert max(delays(heard)) == pytest.approx(0.035)
    counts = listener.playout.counts
    assert (counts.recovered, counts.concealed, counts.duplicate, counts.late) == (0, 0, 0, 0)


def test_a_lost_packet_is_played_from_the_one_after_it() -> None:
    lost = set(range(20, 500, 20))
    heard, listener = hear(1, lost)
    late = played(heard)[-200:]
    assert MADE_UP not in late
    assert late == list(range(late[0], late[-1] + 1))
    counts = listener.playout.counts
    assert counts.recovered >= (len(lost) - 2) * FRAME
    assert counts.concealed <= 2 * FRAME
    assert max(delays(heard)) == pytest.approx(0.055, abs=0.003)


def test_two_lost_packets_are_played_from_the_one_after_them() -> None:
    lost = {number for begin in range(20, 500, 25) for number in (begin, begin + 1)}
    heard, listener = hear(2, lost)
    assert MADE_UP not in played(heard)[-200:]
    assert listener.playout.counts.recovered >= (len(lost) - 4) * FRAME
    assert max(delays(heard)) == pytest.approx(0.075, abs=0.003)


def test_four_lost_packets_are_played_from_those_after_them_that_reach_so_far() -> None:
    lost = {begin + nth for begin in range(20, 500, 25) for nth in range(4)}
    listener = RedListener(2, distances=(1, 4))
    heard = list(listener.listen(even(10, 520, lost), 10.2))
    assert MADE_UP not in played(heard)[-200:]
    counts = listener.playout.counts
    assert counts.recovered >= (len(lost) - 8) * FRAME
    assert counts.paused == 0
    assert max(delays(heard)) == pytest.approx(0.115, abs=0.003)


def test_what_is_lost_with_all_its_copies_is_no_pause() -> None:
    """Of the first three the second would come again with the fourth."""
    lost = {begin + nth for begin in range(20, 500, 25) for nth in (0, 1, 2, 5)}
    listener = RedListener(2, distances=(1, 4))
    found = played(listener.listen(even(10, 520, lost), 10.2))
    at = found.index(395)
    assert found[at : at + 5] == [395, 396, MADE_UP, 398, 399]
    assert listener.playout.counts.paused == 0


def test_a_copy_that_is_not_worth_the_wait_costs_none() -> None:
    listener = RedListener(1)
    heard = list(listener.listen(even(10, 2100, {400, 800, 1200, 1600, 2000}), 41.0))
    assert max(delays(heard)) == pytest.approx(0.035)
    assert played(heard).count(MADE_UP) == 5
    assert listener.playout.delay_control.removed == 0


def test_a_delay_for_copies_outlasts_the_moments_without_losses() -> None:
    """In 12 s there are now two copies from far back, now three, which is one more than nothing."""
    lost = {begin + nth for begin in range(30, 3000, 220) for nth in range(2)}
    listener = RedListener(2, distances=(1, 4))
    arrivals = even(10, 3000, lost)
    list(listener.listen([one for one in arrivals if one.when < 16.0], 16.0))
    changed = listener.playout.delay_control.inserted + listener.playout.delay_control.removed
    list(listener.listen([one for one in arrivals if one.when >= 16.0], 60.0))
    assert (
        listener.playout.delay_control.inserted + listener.playout.delay_control.removed == changed
    )


def test_one_that_comes_after_its_copy_is_not_played_again() -> None:
    listener = RedListener(1)
    arrivals = even(10, 300)
    arrivals[100] = replace(arrivals[100], when=arrivals[101].when + 0.001)
    heard = list(listener.listen(sorted(arrivals, key=lambda one: one.when), 6.06))
    assert [n for n in sounds(heard) if n > 115] == list(range(116, 301))
    assert sounds(heard).count(111) == 1


def test_before_the_first_packet_and_in_another_stretch_nothing_is_believed() -> None:
    listener = RedListener(2)
    first = even(10, 60)
    jumped = [
        replace(one, packet=one.packet._replace(timestamp=one.packet.timestamp + 10**8))
        for one in even(60, 110)
    ]
    heard = list(listener.listen([*first, *jumped], 2.3))
    assert sounds(heard) == list(range(11, 111))
    assert listener.playout.counts.recovered == 0


@pytest.mark.parametrize("offset", [1, 959, 961, 16_383 * 6])
def test_copies_in_impossible_places_cost_no_delay(offset: int) -> None:
    listener = Listener()
    for arrival in even(0, 500):
        listener.playout.add_packet(
            arrival.packet,
            1,
            listener.decoder,
            arrival.when,
            tuple((offset * steps, arrival.packet.payload) for steps in range(1, 9)),
        )
        list(listener.listen([], arrival.when))
    assert listener.playout.delay_s < 0.6


def test_copies_that_cannot_be_decoded_are_passed_over() -> None:
    listener = Listener()
    for arrival in even(0, 10):
        listener.playout.add_packet(
            arrival.packet, 1, listener.decoder, arrival.when, ((FRAME, b""),)
        )
    assert listener.playout.counts.undecodable == 0
