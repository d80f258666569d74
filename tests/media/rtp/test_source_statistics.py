"""What is known of a source by its packets (RFC 3550 A.1, A.3, A.8)."""

import pytest

from sipcli.media.rtp.rtcp import SenderReport
from sipcli.media.rtp.source_statistics import MAX_DROPOUT, Arrival, SourceStatistics


def reception(*sequences: int) -> SourceStatistics:
    """One that has seen these packets."""
    source = SourceStatistics(7, sequences[0])
    for sequence in sequences:
        source.update(sequence & 0xFFFF)
    return source


def test_nothing_is_lost_of_a_complete_stream() -> None:
    source = reception(*range(65_500, 65_600))
    assert (source.expected, source.received, source.lost) == (100, 100, 0)


def test_what_is_missing_is_lost_until_it_comes() -> None:
    source = reception(10, 11, 14)
    assert source.lost == 2
    assert source.update(12) is Arrival.REORDERED
    assert source.lost == 1


def test_one_from_before_the_first_counts_as_sent() -> None:
    source = reception(10)
    assert source.update(8) is Arrival.REORDERED
    assert (source.expected, source.received) == (3, 2)


@pytest.mark.parametrize("again", [14, 12, 10])
def test_a_duplicate_is_known_and_does_not_make_up_for_a_loss(again: int) -> None:
    source = reception(10, 11, 12, 14)
    assert source.update(again) is Arrival.DUPLICATE
    assert (source.lost, source.duplicates) == (1, 1)


@pytest.mark.parametrize("jump", [MAX_DROPOUT + 2, 0x8000, -110])
def test_one_packet_far_away_changes_nothing_and_two_begin_anew(jump: int) -> None:
    source = reception(100, 101)
    assert source.update(101 + jump & 0xFFFF) is Arrival.STRAY
    assert source.update(102) is Arrival.NEW
    assert source.update(102 + jump & 0xFFFF) is Arrival.STRAY
    assert source.update(103 + jump & 0xFFFF) is Arrival.RESTARTED
    assert source.update(104 + jump & 0xFFFF) is Arrival.NEW
    assert (source.expected, source.received, source.lost) == (5, 5, 0)


def test_replays_of_one_old_packet_do_not_begin_anew() -> None:
    source = reception(500, 501)
    assert {source.update(5) for _ in range(10)} == {Arrival.STRAY}


def test_a_step_just_short_of_a_jump_is_a_loss() -> None:
    source = reception(1)
    assert source.update(1 + MAX_DROPOUT) is Arrival.NEW
    assert source.lost == MAX_DROPOUT - 1


def test_an_even_stream_has_no_jitter() -> None:
    source = SourceStatistics(7, 0)
    for n in range(100):
        source.update_jitter(n * 960, 48_000, 5.0 + n * 0.020)
    assert source.jitter_s == pytest.approx(0.0, abs=1e-9)


def test_jitter_comes_to_the_mean_deviation_of_the_spacing() -> None:
    source = SourceStatistics(7, 0)
    for n in range(400):  # by turns 5 ms early and 5 ms late: each spacing is 10 ms off
        source.update_jitter(n * 160, 8_000, n * 0.020 + (0.005 if n % 2 else -0.005))
    assert source.jitter_s == pytest.approx(0.010, rel=1e-3)


def test_a_pause_and_another_clock_are_no_jitter() -> None:
    source = SourceStatistics(7, 0)
    source.update_jitter(0, 48_000, 0.0)
    source.update_jitter(960, 48_000, 5.0)
    source.update_jitter(0, 8_000, 5.5)
    assert source.jitter_s == 0.0


def test_a_report_tells_the_loss_since_the_one_before() -> None:
    source = reception(*range(0, 20, 2))
    first = source.report(1.0)
    for sequence in range(19, 39):
        source.update(sequence)
    second = source.report(2.0)
    assert first.fraction_lost == pytest.approx(9 / 19)
    assert second.fraction_lost == 0.0
    assert (first.lost, second.lost) == (9, 9)
    assert second.highest_sequence == 38


def timed(*sequences: int) -> SourceStatistics:
    """One that has seen these packets, the newest of them at 1.0 s."""
    source = reception(*sequences)
    source.update_jitter(0, 48_000, 1.0)
    return source


def test_what_may_only_have_been_overtaken_is_not_told_as_lost() -> None:
    source = timed(10, 11, 13, 14)
    assert (source.lost, source.overdue(1.0)) == (1, 0)
    assert source.report(1.0).fraction_lost == 0.0
    source.update(12)
    source.update(15)
    assert source.report(1.02).fraction_lost == 0.0


def test_what_three_have_overtaken_is_lost_and_told_once() -> None:
    source = timed(10, 11, 13, 14)
    assert source.report(1.0).fraction_lost == 0.0
    source.update(15)
    assert source.overdue(1.0) == 1
    assert source.report(1.0).fraction_lost == 0.5  # 12 is lost, 15 has come
    source.update(16)
    assert source.report(1.0).fraction_lost == 0.0


def test_where_nothing_follows_what_is_missing_is_lost() -> None:
    assert timed(10, 11, 13).overdue(1.05) == 0
    assert timed(10, 11, 13).overdue(1.15) == 1


def test_before_the_first_packet_nothing_is_missing() -> None:
    assert timed(10).overdue(1.0) == 0
    assert timed(10, 12).overdue(1.0) == 0


def test_more_received_than_expected_is_no_loss() -> None:
    source = reception(10, 14)
    source.report(1.0)
    source.update(12)
    assert source.report(2.0).fraction_lost == 0.0


def test_the_highest_sequence_counts_its_wraps() -> None:
    assert reception(65_534, 65_535, 65_536, 65_537).report(0.0).highest_sequence == 0x1_0001


def test_jitter_is_told_in_units_of_the_clock() -> None:
    source = SourceStatistics(7, 0)
    source.update_jitter(0, 48_000, 0.0)
    source.update_jitter(960, 48_000, 0.036)
    assert source.report(0.0).jitter == 48  # 16 ms / 16


def test_a_report_tells_which_of_the_senders_it_answers() -> None:
    source = reception(1)
    assert (source.report(3.0).last_sender_report, source.report(3.0).delay_since) == (0, 0)
    source.on_sender_report(SenderReport(7, 0x11112222_33334444, 0, 0, 0), 4.0)
    block = source.report(5.5)
    assert block.last_sender_report == 0x22223333
    assert block.delay_since == 3 * 32768


def test_the_delay_since_a_report_has_an_end() -> None:
    source = reception(1)
    source.on_sender_report(SenderReport(7, 1, 0, 0, 0), 0.0)
    assert source.report(1e6).delay_since == 0xFFFF_FFFF


def test_what_turns_out_to_be_lost_after_a_report_is_told_with_the_next_one() -> None:
    source = timed(10, 11, 13)
    assert source.report(1.0).fraction_lost == 0.0
    assert source.report(9.0).fraction_lost == 1.0
    assert source.report(9.1).fraction_lost == 0.0
