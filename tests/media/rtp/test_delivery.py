"""What the far end's reports say of our packets: confirmed, denied, or not known (§6.4)."""

from collections.abc import Iterable

import pytest

from sipcli.media.rtp.delivery import Delivery, DeliveryMonitor
from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.rtcp import (
    ExtendedReport,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    build,
)
from sipcli.media.rtp.sender import Sender
from tests.media.rtp.test_xr import METRICS

UNNAMED = build((SenderReport(2, 0, 0, 115, 0),))
NAMED = build((ReceiverReport(2, (ReportBlock(1, 0.0, 0, 100, 0, 0, 0),)),))


class Call:
    """We send to a far end that reports."""

    def __init__(self) -> None:
        self.sender = Sender(ssrc=1, sequence=1, timestamp=0, clock_rate=8_000)
        self.reporting = Reporting(
            self.sender, Receiver(), cname="us", draw=lambda: 0.5, wall_clock=0.0
        )

    def send(self, begin: float, end: float, *, every: float = 0.02) -> None:
        """Packets between two instants."""
        for number in range(round((end - begin) / every)):
            now = begin + number * every
            self.sender.audio(0, b"x", self.sender.tick(now), now)

    def reports(self, data: bytes, *instants: float) -> None:
        for instant in instants:
            self.reporting.receive(data, instant)

    def delivery(self) -> Delivery:
        return self.reporting.delivery


def test_a_report_just_before_the_one_that_names_us_denies_nothing() -> None:
    call = Call()  # as libwebrtc reports: an SR without blocks, and the RR 0.2 s later
    call.send(0.0, 2.5)
    call.reports(UNNAMED, 2.3)
    assert call.delivery() is Delivery.UNKNOWN
    call.reports(NAMED, 2.5)
    assert call.delivery() is Delivery.CONFIRMED


@pytest.mark.parametrize(
    ("instants", "delivery"),
    [
        ((), Delivery.UNKNOWN),
        ((0.1, 2.05), Delivery.UNKNOWN),
        ((0.1, 2.1), Delivery.UNNAMED),
        ((0.1, 1.0, 2.05), Delivery.UNKNOWN),
        ((0.1, 1.0, 2.15), Delivery.UNNAMED),
        ((9.9,), Delivery.UNKNOWN),
    ],
)
def test_reports_without_us_deny_from_two_seconds_between_them_on(
    instants: Iterable[float], delivery: Delivery
) -> None:
    call = Call()
    call.send(0.0, 10.0)
    call.reports(UNNAMED, *instants)
    assert call.delivery() is delivery


def test_what_was_reported_before_we_sent_does_not_count() -> None:
    call = Call()
    call.reports(UNNAMED, 0.0)
    call.send(1.0, 4.0)
    call.reports(UNNAMED, 3.9)
    assert call.delivery() is Delivery.UNKNOWN


def test_sending_has_to_go_on_throughout() -> None:
    call = Call()
    call.send(0.0, 1.0)  # on hold for a while
    call.send(2.5, 4.0)
    call.reports(UNNAMED, 0.5, 3.9)
    assert call.delivery() is Delivery.UNKNOWN
    call.send(4.0, 6.0)
    call.reports(UNNAMED, 5.95)
    assert call.delivery() is Delivery.UNNAMED
    stopped = Call()
    stopped.send(0.0, 1.0)
    stopped.reports(UNNAMED, 0.5, 3.0)
    assert stopped.delivery() is Delivery.UNKNOWN


def test_a_pause_as_dtx_makes_it_is_no_gap() -> None:
    call = Call()
    call.send(0.0, 6.0, every=0.4)
    call.reports(UNNAMED, 0.5, 5.9)
    assert call.delivery() is Delivery.UNNAMED


def test_who_has_named_us_once_never_denies_by_keeping_quiet() -> None:
    call = Call()
    call.send(0.0, 20.0)
    call.reports(NAMED, 1.0)
    call.reports(UNNAMED, 2.0, 10.0, 19.0)
    assert call.delivery() is Delivery.CONFIRMED


def test_a_late_confirmation_takes_a_denial_back() -> None:
    call = Call()
    call.send(0.0, 20.0)
    call.reports(UNNAMED, 1.0, 10.0)
    assert call.delivery() is Delivery.UNNAMED
    call.reports(NAMED, 11.0)
    assert call.delivery() is Delivery.CONFIRMED


def test_a_block_that_says_all_is_lost_denies_until_another_says_less() -> None:
    call = Call()
    call.send(0.0, 4.0)
    for lost, delivery in (
        (254 / 256, Delivery.CONFIRMED),
        (255 / 256, Delivery.ALL_LOST),
        (0.0, Delivery.CONFIRMED),
    ):
        block = ReportBlock(1, lost, 7, 100, 0, 0, 0)
        call.reports(build((ReceiverReport(2, (block,)),)), 4.0)
        assert call.delivery() is delivery


def test_a_compound_packet_is_one_report() -> None:
    call = Call()
    call.send(0.0, 4.0)
    ours, others = (ReportBlock(ssrc, 0.0, 0, 100, 0, 0, 0) for ssrc in (1, 77))
    call.reports(build((SenderReport(2, 0, 0, 1, 0, (others,)),)), 0.5)
    both = build((SenderReport(2, 0, 0, 1, 0, (others,)), ReceiverReport(2, (ours,))))
    call.reports(both, 3.0)
    assert call.delivery() is Delivery.CONFIRMED


def test_another_far_end_denies_by_its_own_reports_alone() -> None:
    call = Call()
    call.send(0.0, 20.0)
    for before in (UNNAMED, NAMED):
        call.reports(before, 1.0, 4.0)
        assert call.delivery() is not Delivery.UNKNOWN
        call.reporting.begin_anew()
        assert call.delivery() is Delivery.UNKNOWN
        call.reports(UNNAMED, 5.0)
        assert call.delivery() is Delivery.UNKNOWN
        call.reports(UNNAMED, 7.1)
        assert call.delivery() is Delivery.UNNAMED


def test_another_ssrc_of_ours_is_confirmed_by_the_report_that_names_it() -> None:
    call = Call()
    call.send(0.0, 20.0)
    call.reports(NAMED, 1.0)
    call.sender.rename(5)
    call.reports(build((ReceiverReport(2, (ReportBlock(5, 0.0, 0, 100, 0, 0, 0),)),)), 2.0)
    assert call.delivery() is Delivery.CONFIRMED


def test_what_is_no_report_says_nothing() -> None:
    call = Call()
    call.send(0.0, 9.0)
    call.reports(build((ExtendedReport(2, (METRICS,)),)), 0.5, 8.0)
    call.reports(b"", 0.5, 8.0)
    assert call.delivery() is Delivery.UNKNOWN


def test_reports_by_the_thousand_need_no_room() -> None:
    call = Call()
    call.send(0.0, 1.0)
    monitor = DeliveryMonitor(call.sender)
    for number in range(1_000):
        monitor.on_blocks((), number / 1_000)
    assert monitor.state is Delivery.UNKNOWN
