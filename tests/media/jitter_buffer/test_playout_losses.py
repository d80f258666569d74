"""The jitter buffer in virtual time: packets that are lost, late, reordered or repeated."""

from itertools import pairwise
from struct import pack

import pytest

from sipcli.media.pcm import FRAME
from sipcli.media.rtp.packet import RtpPacket
from tests.media.jitter_buffer.network import (
    MADE_UP,
    NOTHING,
    Arrival,
    Heard,
    Listener,
    Network,
    TellingDecoder,
    delays,
    even,
    numbered,
    played,
    sounds,
)


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


def test_what_follows_a_loss_is_waited_for_where_the_codec_makes_use_of_it() -> None:
    lost = set(range(20, 500, 20))
    listener = Listener(TellingDecoder(looks_ahead=True))
    heard = list(listener.listen(even(0, 500, lost), 10.0))
    known = listener.decoder.known
    assert max(delays(heard)) == pytest.approx(0.055, abs=0.003)
    assert known[-10:] == [pack("!i", n + 1) for n in sorted(lost)[-10:]]
    counts = listener.playout.counts
    assert (counts.concealed, counts.concealments) == (len(lost) * FRAME, len(lost))
    assert counts.recovered == 0


def test_only_the_end_of_a_long_gap_is_told_what_follows() -> None:
    listener = Listener(TellingDecoder(looks_ahead=True))
    arrivals = even(0, 300, {*range(20, 200, 20), 250, 251, 252})
    list(listener.listen(arrivals, 6.0))
    last = max(n for n, known in enumerate(listener.decoder.known) if not known)
    assert listener.decoder.known[last + 1 :] == [pack("!i", 253)]


def test_nobody_is_told_what_another_decoder_will_make_of_what_follows() -> None:
    """The codec changes in the moment of a loss."""
    listener, other = Listener(TellingDecoder(looks_ahead=True)), TellingDecoder(looks_ahead=True)
    list(listener.listen(even(0, 50, {20, 30}), 1.0))
    heard: list[Heard] = []
    for arrival in even(51, 60):
        listener.playout.add_packet(arrival.packet, 1, other, arrival.when)
        heard.extend(listener.listen([], arrival.when + 0.005))
    heard.extend(listener.listen([], 1.25))
    assert {MADE_UP, 52} <= set(played(heard))
    assert pack("!i", 51) not in listener.decoder.known


def test_without_losses_nothing_is_waited_for_fec() -> None:
    listener = Listener(TellingDecoder(fec=True, looks_ahead=True))
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


def test_no_packet_is_played_before_or_after_its_neighbours() -> None:
    network = Network(loss=0.1, delay=0.06, jitter=0.05, in_order=False, repeated=0.1, seed=9)
    listener = Listener(TellingDecoder(fec=True))
    found = sounds(listener.listen(network.carry(range(5000)), 100.0))
    # Where sound is put in, the end of one and the beginning of the next are heard twice.
    assert all(one <= other + 1 for one, other in pairwise(found))
