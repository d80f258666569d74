"""How much is done against losses, by what is reported of them."""

import random
from dataclasses import replace

from sipcli.media.rtp.loss_protection import LossProtection
from tests.media.rtp.test_xr import METRICS

MUCH_REMAINS = replace(METRICS, loss_rate=0.02, burst_density=0.1)
BURSTS_REMAIN = replace(MUCH_REMAINS, burst_density=0.8, burst_duration_ms=80)
SENT = 1000


def told(protection: LossProtection, *percents: float, begin: float = 0.0) -> LossProtection:
    """`protection` after a report a second."""
    for second, percent in enumerate(percents):
        protection.on_report(percent, begin + second)
    return protection


def test_without_losses_nothing_is_done() -> None:
    protection = told(LossProtection(2), 0, 0, 0)
    assert (protection.redundancy, protection.fec_percent) == (0, 0.0)


def test_one_lost_packet_brings_fec_and_no_redundancy() -> None:
    protection = told(LossProtection(2), 0, 2)
    assert protection.redundancy == 0
    assert protection.fec_percent > 0.5


def test_losses_bring_the_packet_before_at_once_and_many_the_two_before() -> None:
    assert told(LossProtection(2), 5).redundancy == 1
    assert told(LossProtection(2), 15).redundancy == 2
    assert told(LossProtection(1), 15).redundancy == 1, "there is no room for more"


def test_losses_that_remain_all_the_same_bring_the_two_before() -> None:
    protection = told(LossProtection(2), 5)
    protection.on_metrics(MUCH_REMAINS, SENT)
    assert protection.redundancy == 2
    protection.on_metrics(replace(MUCH_REMAINS, loss_rate=0.0), SENT)
    assert protection.redundancy == 1
    quiet = LossProtection(2)
    quiet.on_metrics(MUCH_REMAINS, SENT)
    assert quiet.redundancy == 0, "what was lost long ago needs nothing now"


def test_what_was_lost_before_payloads_came_again_is_no_reason_for_more() -> None:
    protection = LossProtection(2)
    protection.on_metrics(replace(MUCH_REMAINS, loss_rate=0.05), SENT)
    told(protection, 5)
    protection.on_metrics(replace(MUCH_REMAINS, loss_rate=0.04), SENT + 250)
    assert protection.redundancy == 1
    protection.on_metrics(replace(MUCH_REMAINS, loss_rate=0.05), SENT + 250)
    assert protection.redundancy == 2


def test_what_helps_is_not_ended_as_soon_as_it_has_helped() -> None:
    protection = told(LossProtection(2), 5)
    protection.on_metrics(MUCH_REMAINS, SENT)
    protection.on_metrics(replace(MUCH_REMAINS, loss_rate=0.003), 7 * SENT)
    assert protection.redundancy == 2
    protection.on_metrics(replace(MUCH_REMAINS, loss_rate=0.0019), 11 * SENT)
    assert protection.redundancy == 1


def test_bursts_bring_one_from_far_enough_back() -> None:
    for most, near, far in ((2, (1, 2), (1, 4)), (1, (1,), (4,)), (0, (), ())):
        protection = told(LossProtection(most), 15)
        assert protection.distances == near
        protection.on_metrics(BURSTS_REMAIN, SENT)
        assert protection.distances == far
        protection.on_metrics(MUCH_REMAINS, SENT)
        assert protection.distances == near


def test_short_bursts_need_none_from_far() -> None:
    protection = told(LossProtection(2), 5)
    protection.on_metrics(replace(BURSTS_REMAIN, burst_duration_ms=40), SENT)
    assert protection.distances == (1, 2)


def test_bursts_that_a_single_copy_makes_up_for_need_none_from_far() -> None:
    protection = told(LossProtection(2), 5)
    protection.on_metrics(replace(BURSTS_REMAIN, loss_rate=0.0), SENT)
    assert protection.distances == (1,)


def test_where_payloads_come_again_fec_is_not_paid_for() -> None:
    assert told(LossProtection(2), 5).fec_percent == 0.0
    assert told(LossProtection(0), 5).fec_percent > 3
    assert told(LossProtection(0), 50).redundancy == 0


def test_it_ends_slowly() -> None:
    protection = told(LossProtection(2), 10)
    assert told(protection, *[0] * 8, begin=1).redundancy == 1
    assert told(protection, *[0] * 20, begin=9).redundancy == 0
    assert protection.fec_percent < 0.5


def test_how_often_reports_come_does_not_matter() -> None:
    often, seldom = told(LossProtection(), 10), told(LossProtection(), 10)
    for quarter in range(1, 21):
        often.on_report(0.0, quarter / 4)
    seldom.on_report(0.0, 5.0)
    assert abs(often.loss_percent - seldom.loss_percent) < 1e-6


def test_what_makes_losses_itself_is_stopped_for_a_minute() -> None:
    protection = told(LossProtection(2), 3, 30, 30)
    assert protection.redundancy > 0
    told(protection, 30, begin=3)
    assert protection.redundancy == 0
    assert protection.fec_percent > 0
    told(protection, *[3] * 59, begin=4)
    assert protection.redundancy == 0
    told(protection, 3, 3, begin=64)
    assert protection.redundancy > 0


def test_a_way_that_has_become_bad_is_not_taken_for_one_that_is_too_narrow() -> None:
    protection = told(LossProtection(2), 3, 30, 30, 30)
    assert protection.redundancy == 0
    told(protection, 28, 33, begin=4)
    assert protection.redundancy == 0
    told(protection, *[30] * 60, begin=6)
    assert protection.redundancy == 2, "without it there is no less loss"


def test_bursts_are_not_taken_for_a_way_that_is_too_narrow() -> None:
    draw = random.Random(3)
    protection = told(LossProtection(2), 6)
    for second in range(1, 600):
        lost = sum(draw.randint(1, 5) for _ in range(50) if draw.random() < 0.0175)
        protection.on_report(min(100, 2 * lost), second)
        assert protection.redundancy > 0 or protection.loss_percent < 1.5
