"""A call in figures."""

import pytest

from sipcli.catalog.codecs import OPUS, PCMU, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.quality.mos import IMPAIRMENTS, mos
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.rtcp import ReceiverReport, ReportBlock, build
from sipcli.media.session.inbound import InboundAudio
from sipcli.media.session.outbound import OutboundAudio
from sipcli.media.session.statistics import Statistics, snapshot
from tests.media.call import inbound, outbound, read


def reporting(sent: OutboundAudio, received: InboundAudio) -> Reporting:
    return Reporting(sent.sender, received.receiver, cname="me", draw=lambda: 0.5, wall_clock=1e9)


def call(codec: Codec, lose_every: int = 0, frames: int = 500) -> Statistics:
    """One side's figures of a call that loses every so manieth packet, a tone each way."""
    sent, received, there = outbound(codec), inbound(codec), outbound(codec)
    mine, theirs = Tone(440.0, amplitude=0.5), Tone(500.0, amplitude=0.1)
    for n in range(frames):
        now = n * 0.020
        sent.packetize(mine.frame(), now)
        (data,) = there.packetize(theirs.frame(), now)
        if not (lose_every and n % lose_every == 7):
            received.on_rtp(data, now + 0.025)
        received.read(now + 0.030)
    reports = reporting(sent, received)
    reports.report(10.0)
    lsr = (int((10.0 + 1e9 + 2_208_988_800) * 2**32) >> 16) & 0xFFFF_FFFF
    block = ReportBlock(sent.sender.ssrc, 0.0, 0, 0, 0, lsr, 65536)
    reports.receive(build((ReceiverReport(3, (block,)),)), 11.080)
    return snapshot(received, sent, reports)


def test_a_clean_call() -> None:
    found = call(OPUS)
    assert (found.packets_sent, found.packets_received, found.codec) == (500, 500, "opus")
    assert (found.packets_lost, found.packets_late, found.packets_concealed) == (0, 0, 0)
    assert found.loss_percent == 0.0
    assert found.jitter_ms == pytest.approx(0.0, abs=0.01)
    assert found.rtt_ms == pytest.approx(80.0, abs=0.1)
    assert found.playout_delay_ms == pytest.approx(5.0, abs=0.5)
    assert found.level_sent_dbfs == pytest.approx(-9.0, abs=0.1)
    assert found.level_received_dbfs == pytest.approx(-23.0, abs=0.3)
    assert found.mos == pytest.approx(4.46, abs=0.05)


def test_losses_show_and_cost() -> None:
    found = call(PCMU, lose_every=20)
    assert (found.packets_received, found.packets_lost, found.packets_concealed) == (475, 25, 25)
    assert found.loss_percent == pytest.approx(5.0)
    assert found.mos == pytest.approx(3.93, abs=0.1)


@pytest.mark.parametrize("rtt_ms", [0, 400])
def test_bursts_and_delay_cost_what_the_model_says(rtt_ms: int) -> None:
    sent, received, there = outbound(OPUS), inbound(OPUS), outbound(OPUS)
    for n in range(600):
        (data,) = there.packetize(Tone(500.0).frame(), n * 0.020)
        if n % 60 not in (7, 8, 9):
            received.on_rtp(data, n * 0.020 + 0.025)
        received.read(n * 0.020 + 0.030)
    reports = reporting(sent, received)
    reports.rtt_ms = rtt_ms
    found = snapshot(received, sent, reports)
    delay_ms = rtt_ms / 2 + 20 + 6.5 + found.playout_delay_ms
    assert found.packets_concealed == 30
    assert found.mos == pytest.approx(mos(IMPAIRMENTS["opus"], 5.0, 3 * 0.95, delay_ms), abs=0.01)


def test_a_call_in_which_nothing_came() -> None:
    sent, received = outbound(PCMU), inbound(PCMU)
    sent.packetize(Tone(440.0).frame(), 0.0)
    found = snapshot(received, sent, reporting(sent, received))
    assert found.mos is None
    assert found.rtt_ms is None
    assert (found.loss_percent, found.codec, found.packets_sent) == (0.0, "pcmu", 1)
    assert round(found.level_received_dbfs, 2) == -96.0


def test_what_the_halves_count_is_what_was_on_the_wire() -> None:
    half = outbound(PCMU)
    packets = [read(half.packetize(Tone(440.0).frame(), n * 0.020)) for n in range(3)]
    assert half.sender.packets == 3
    assert half.sender.octets == sum(len(packet.payload) for packet in packets)
