"""What we tell the far end of how it sounds here (RFC 3611 §4.7)."""

import pytest

from sipcli.catalog.codecs import OPUS, PCMU, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.pcm import FRAME
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.rtp.rtcp import ReportBlock
from sipcli.media.session.inbound import InboundFormats
from sipcli.media.session.outbound import OutboundFormats
from sipcli.media.session.statistics import voip_metrics
from tests.media.call import PAYLOAD_TYPE, Way, inbound, outbound


def reporting(way: Way) -> Reporting:
    return Reporting(
        way.sender.sender,
        way.receiver.receiver,
        cname="us",
        draw=lambda: 0.5,
        wall_clock=0.0,
    )


def test_before_anything_was_played_there_is_nothing_to_tell() -> None:
    way = Way(outbound(PCMU), inbound(PCMU))
    assert voip_metrics(way.receiver, reporting(way)) is None


@pytest.mark.parametrize(("codec", "r"), [(PCMU, 93), (OPUS, 96)])
def test_a_clean_call_is_told_to_be_one(codec: Codec, r: int) -> None:
    way = Way(outbound(codec), inbound(codec))
    list(way.carry(100, Tone(440.0, amplitude=0.1)))
    list(way.carry(100))
    found = voip_metrics(way.receiver, reporting(way))
    assert found is not None
    assert found.ssrc == 7
    assert (found.loss_rate, found.discard_rate, found.burst_density, found.gap_density) == (0,) * 4
    assert found.gap_duration_ms == pytest.approx(4000, abs=60)
    assert found.end_system_delay_ms == pytest.approx(27, abs=4)
    assert found.signal_level_dbm0 == pytest.approx(-23.0 + 6.15, abs=1)
    assert found.noise_level_dbm0 is not None
    assert found.noise_level_dbm0 < -60
    assert found.r_factor == pytest.approx(r, abs=2)
    assert found.mos_lq == pytest.approx(4.4, abs=0.1)
    assert found.mos_cq == pytest.approx(4.4, abs=0.1)
    assert found.jb_nominal_ms < 10
    assert found.jb_nominal_ms <= found.jb_maximum_ms + 3 <= found.jb_abs_max_ms == 240


def test_losses_in_a_row_are_told_as_bursts() -> None:
    way = Way(outbound(PCMU), inbound(PCMU))
    tone = Tone(440.0, amplitude=0.5)
    list(way.carry(47, tone))
    for _ in range(4):
        way.lose(3, tone)
        list(way.carry(47, tone))
    found = voip_metrics(way.receiver, reporting(way))
    assert found is not None
    lost = way.receiver.jitter_buffer.counts.concealed / FRAME
    assert lost >= 12
    assert found.loss_rate == pytest.approx(lost / 247, abs=0.005)
    assert found.discard_rate == 0
    assert found.burst_density == 1.0
    assert found.burst_duration_ms == pytest.approx(60, abs=20)
    assert found.gap_density == 0
    assert found.gap_duration_ms == pytest.approx(47 * 20, abs=20)
    assert found.mos_cq is not None
    assert found.mos_cq < 4.0


def test_what_comes_too_late_is_discarded_and_not_lost() -> None:
    way = Way(outbound(PCMU), inbound(PCMU))
    tone = Tone(440.0, amplitude=0.5)
    list(way.carry(100, tone))
    (held,) = way.sender.packetize(tone.frame(), way.frames * 0.020)
    way.frames += 1
    way.receiver.read(way.frames * 0.020 + 0.010)
    list(way.carry(20, tone))
    way.receiver.on_rtp(held, way.frames * 0.020)
    list(way.carry(80, tone))
    found = voip_metrics(way.receiver, reporting(way))
    assert found is not None
    assert found.discard_rate == pytest.approx(1 / 201, abs=0.001)
    assert found.loss_rate == pytest.approx(0, abs=0.001)


def test_what_comes_again_is_not_lost() -> None:
    way = Way(outbound(OPUS), inbound(OPUS))
    way.sender.agree(OutboundFormats(OPUS, PAYLOAD_TYPE, red=63))
    way.sender.on_report(ReportBlock(7, 0.05, 0, 0, 0, 0, 0), 0.0)
    way.receiver.agree(InboundFormats({PAYLOAD_TYPE: OPUS}, red=frozenset({63})))
    tone = Tone(440.0)
    for _ in range(20):
        list(way.carry(19, tone))
        way.lose(1, tone)
    list(way.carry(20, tone))
    found = voip_metrics(way.receiver, reporting(way))
    assert found is not None
    assert way.receiver.receiver.lost == 20
    assert found.loss_rate < 0.005
    assert found.jb_maximum_ms == pytest.approx(22, abs=3)
