"""When RTCP is sent, what it says, and what is learnt from the far end's (RFC 3550 §6)."""

from dataclasses import replace

import pytest

from sipcli.media.rtp.packet import RtpPacket
from sipcli.media.rtp.packet import build as build_rtp
from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.rtcp import (
    ExtendedReport,
    Goodbye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    build,
    parse,
)
from sipcli.media.rtp.sender import Sender
from tests.media.rtp.test_xr import METRICS

WALL_CLOCK = 1_700_000_000.0


class Side:
    """One end of a call, with its own clock."""

    def __init__(self, ssrc: int, draw: float = 0.5) -> None:
        self.sender = Sender(ssrc=ssrc, sequence=1, timestamp=0, clock_rate=8_000)
        self.receiver = Receiver()
        self.reporting = Reporting(
            self.sender,
            self.receiver,
            cname=f"side{ssrc}",
            draw=lambda: draw,
            wall_clock=WALL_CLOCK,
        )


def test_the_first_report_comes_after_half_the_time() -> None:
    for draw, first in ((0.0, 1.026), (0.5, 2.052), (1.0, 3.078)):
        side = Side(1, draw)
        assert side.reporting.due(10.0) == pytest.approx(10.0 + first, abs=1e-3)
        assert side.reporting.due(11.0) == pytest.approx(10.0 + first, abs=1e-3)


def test_the_next_reports_come_at_random_about_the_interval() -> None:
    for draw, wait in ((0.0, 2.052), (0.5, 4.104), (1.0, 6.156)):
        side = Side(1, draw)
        side.reporting.report(20.0)
        assert side.reporting.due(20.0) == pytest.approx(20.0 + wait, abs=1e-3)


def test_who_has_sent_says_how_much() -> None:
    side = Side(1)
    side.sender.audio(0, bytes(160), side.sender.tick(9.98), 9.98)
    found = parse(side.reporting.report(10.0))
    ntp_time = int((10.0 + WALL_CLOCK + 2_208_988_800) * 2**32)
    assert found == (SenderReport(1, ntp_time, 160, 1, 160), SourceDescription(1, "side1"))


def test_who_has_not_sent_since_the_last_only_says_what_came() -> None:
    side = Side(1)
    assert parse(side.reporting.report(1.0))[0] == ReceiverReport(1)
    side.sender.audio(0, b"x", side.sender.tick(1.0), 1.0)
    assert isinstance(parse(side.reporting.report(2.0))[0], SenderReport)
    assert isinstance(parse(side.reporting.report(3.0))[0], ReceiverReport)


def test_the_last_report_says_goodbye() -> None:
    found = parse(Side(1).reporting.goodbye(5.0))
    assert found == (ReceiverReport(1), SourceDescription(1, "side1"), Goodbye((1,)))


def exchange(here: Side, there: Side, delay: float) -> None:
    """Our report goes there, and two seconds later theirs comes back."""
    here.sender.audio(0, b"x", here.sender.tick(0.0), 0.0)
    there.receiver.receive(build_rtp(RtpPacket(0, 1, 0, 1, b"x")))
    there.reporting.receive(here.reporting.report(0.0), delay)
    here.reporting.receive(there.reporting.report(2.0 + delay), 2.0 + 2 * delay)


def test_two_reports_tell_the_round_trip() -> None:
    here, there = Side(1), Side(2)
    assert here.reporting.rtt_ms is None
    exchange(here, there, delay=0.040)
    assert here.reporting.rtt_ms == pytest.approx(80.0, abs=0.1)
    assert there.reporting.rtt_ms is None


def test_an_impossible_round_trip_is_not_believed() -> None:
    here, there = Side(1), Side(2)
    exchange(here, there, delay=0.040)
    block = here.reporting.remote_report
    assert block is not None
    wild = replace(block, delay_since=0x8000_0000, lost=5)
    here.reporting.receive(build((ReceiverReport(2, (wild,)),)), 3.0)
    assert here.reporting.remote_report == wild
    assert here.reporting.rtt_ms == pytest.approx(80.0, abs=0.1)


def test_what_the_far_end_says_of_us_is_kept_and_of_others_not() -> None:
    side = Side(1)
    ours = ReportBlock(1, 0.25, 7, 100, 0, 0, 0)
    report = SenderReport(9, 0, 0, 0, 0, (ours, replace(ours, ssrc=4, lost=99)))
    side.reporting.receive(build((report,)), 1.0)
    assert side.reporting.remote_report == ours
    assert side.reporting.rtt_ms is None


def test_losses_that_far_ends_tell_of_one_after_the_other_add_up() -> None:
    side = Side(7)

    def after(lost: int) -> int | None:
        block = ReportBlock(7, 0.0, lost, 9, 0, 0, 0)
        report = ReceiverReport(1, (block,))
        side.reporting.receive(build((report, SourceDescription(1, "x"))), 10.0)
        return side.reporting.remote_lost

    assert side.reporting.remote_lost is None
    assert [after(5), after(8), after(7)] == [5, 8, 7]
    side.reporting.begin_anew()
    assert side.reporting.remote_lost == 7
    assert [after(-1), after(3)] == [7, 10]


def test_a_goodbye_from_the_far_end_ends_nothing() -> None:
    side = Side(1)
    side.receiver.receive(build_rtp(RtpPacket(0, 1, 0, 9, b"x")))
    assert side.reporting.receive(build((Goodbye((9,)),)), 1.0) == (Goodbye((9,)),)
    assert side.receiver.receive(build_rtp(RtpPacket(0, 2, 160, 9, b"x"))) is not None


@pytest.mark.parametrize("data", [b"", b"\xff" * 30, b"\x80\xc8\xff\xff"])
def test_garbage_is_nothing(data: bytes) -> None:
    assert Side(1).reporting.receive(data, 0.0) == ()


def avpf(draw: float = 0.5) -> Side:
    side = Side(1, draw)
    side.reporting.avpf = True
    for number in range(50):
        side.sender.audio(0, bytes(80), side.sender.tick(number * 0.02), number * 0.02)
    return side


def receive(side: Side, *numbers: int) -> None:
    for number in numbers:
        side.receiver.receive(build_rtp(RtpPacket(0, number, 0, 9, b"x")))


def test_with_avpf_the_first_report_comes_within_the_first_second() -> None:
    for draw, first in ((0.0, 0.205), (0.5, 0.410), (1.0, 0.616)):
        assert avpf(draw).reporting.due(10.0) == pytest.approx(10.0 + first, abs=1e-3)


def test_with_avpf_the_next_come_at_half_the_usual_time() -> None:
    for draw, wait in ((0.0, 1.026), (0.5, 2.052), (1.0, 3.078)):
        side = avpf(draw)
        side.reporting.report(20.0)
        assert side.reporting.due(20.1) == pytest.approx(20.0 + wait, abs=1e-3)


def test_with_avpf_a_loss_is_told_sooner() -> None:
    side = avpf()
    receive(side, 1, 2, 3)
    side.reporting.report(20.0)
    receive(side, 4, 6)
    assert side.reporting.due(20.1) == pytest.approx(20.821, abs=1e-3)
    found = parse(side.reporting.report(20.821))[0]
    assert isinstance(found, ReceiverReport)
    assert found.blocks[0].fraction_lost == pytest.approx(1 / 3, abs=1 / 256)
    assert side.reporting.due(20.9) == pytest.approx(20.821 + 2.052, abs=1e-3)


def test_what_was_only_overtaken_makes_no_report_sooner() -> None:
    side = avpf()
    for number in (1, 2, 3, 4, 6):
        packet = RtpPacket(0, number, 160 * number, 9, b"x")
        assert side.receiver.receive(build_rtp(packet)) == packet
        side.receiver.count_jitter(packet, 8_000, 20.0 + 0.02 * number)
        if number == 3:
            side.reporting.report(20.06)
    assert side.reporting.due(20.12) == pytest.approx(20.06 + 2.052, abs=1e-3)
    receive(side, 7, 8)
    assert side.reporting.due(20.13) == pytest.approx(20.06 + 0.821, abs=1e-3)


def test_without_avpf_a_loss_waits_for_its_turn() -> None:
    side = Side(1)
    receive(side, 1)
    side.reporting.report(20.0)
    receive(side, 4, 6)
    assert side.reporting.due(20.1) == pytest.approx(20.0 + 4.104, abs=1e-3)


def test_reports_take_a_twentieth_of_the_bandwidth_at_most() -> None:
    side = Side(1)
    side.reporting.avpf = True
    for number in range(100):
        side.sender.audio(0, bytes(10), side.sender.tick(number * 0.02), number * 0.02)
    receive(side, 1)
    sizes, times = [], [0.0]
    for number in range(20):
        receive(side, 3 * number + 4)
        sizes.append(len(side.reporting.report(times[-1], METRICS)) + 50)
        receive(side, 3 * number + 6)
        times.append(side.reporting.due(times[-1]))
    bandwidth = 50 * (10 + 50)
    assert sum(sizes[1:]) / (times[-1] - times[1]) <= 0.05 / 2 * bandwidth * 1.22
    assert times[2] - times[1] > 1.5


def test_metrics_go_with_a_report_and_are_heard() -> None:
    here, there = Side(1), Side(2)
    found = parse(there.reporting.report(1.0, METRICS))
    assert found[-1] == ExtendedReport(2, (METRICS,))
    assert here.reporting.remote_metrics is None
    others = replace(METRICS, ssrc=77)
    here.reporting.receive(build((ReceiverReport(2), ExtendedReport(2, (others,)))), 1.0)
    assert here.reporting.remote_metrics is None, "that is about somebody else"
    ours = replace(METRICS, ssrc=1)
    here.reporting.receive(build((ReceiverReport(2), ExtendedReport(2, (ours,)))), 1.0)
    assert here.reporting.remote_metrics == ours
