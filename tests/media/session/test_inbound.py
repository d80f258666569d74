"""The receiving half of a call."""

import random

import numpy as np
import pytest

from sipcli.catalog.codecs import CODECS, OPUS, PCMU, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.dtmf.dtmf_digits import Digit, parse_digits
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.quality.level import dbfs, rms
from sipcli.media.quality.tone_meter import ToneMeter
from sipcli.media.rtp.packet import RtpPacket, build
from sipcli.media.rtp.rtcp import ReportBlock
from sipcli.media.session.inbound import InboundFormats
from sipcli.media.session.outbound import OutboundFormats
from tests.media.call import EVENTS, PAYLOAD_TYPE, Way, inbound, outbound

ALL = pytest.mark.parametrize("codec", CODECS.values(), ids=list(CODECS))


@ALL
def test_a_tone_is_heard_at_its_level(codec: Codec) -> None:
    way, meter = Way(outbound(codec), inbound(codec)), ToneMeter()
    for pcm in way.carry(100, Tone(440.0, amplitude=0.5)):
        meter.add(pcm)
    assert meter.seconds(440.0) >= 1.6
    assert way.receiver.meter.mean_dbfs == pytest.approx(way.sender.meter.mean_dbfs, abs=0.3)
    assert way.receiver.codec == codec
    assert way.receiver.receiver.lost == 0
    assert way.receiver.jitter_buffer.counts.concealed == 0


@ALL
def test_digits_are_heard_and_the_audio_is_not_hurt(codec: Codec) -> None:
    way, meter = Way(outbound(codec), inbound(codec)), ToneMeter()
    tone = Tone(440.0)
    list(way.carry(20, tone))
    way.sender.queue_digits(parse_digits("1,2#"))
    heard: list[Digit] = []
    for _ in range(200):
        list(way.carry(1, tone))
        heard += way.receiver.digits(way.frames * 0.020)
    for pcm in way.carry(100, tone):
        meter.add(pcm)
    assert heard == [Digit("1", 100), Digit("2", 100), Digit("#", 100)]
    assert meter.seconds(440.0) >= 1.6
    assert way.receiver.jitter_buffer.counts.concealed == 0
    assert way.receiver.jitter_buffer.delay_s < 0.026


def test_a_digit_that_falls_silent_is_told() -> None:
    receiver = inbound()
    receiver.on_rtp(build(RtpPacket(101, 1, 0, 7, b"\x05\x0a\x01\x40")), 1.0)
    assert receiver.digits(1.1) == ()
    assert receiver.digits(1.2) == (Digit("5", 40),)


def test_another_source_is_heard_without_an_end_of_the_first() -> None:
    way = Way(outbound(PCMU), inbound(PCMU))
    tone = Tone(440.0)
    list(way.carry(50, tone))
    way.sender = outbound(PCMU, ssrc=9)
    meter = ToneMeter()
    for pcm in way.carry(100, tone):
        meter.add(pcm)
    assert meter.seconds(440.0) >= 1.6
    assert way.receiver.receiver.ssrc == 9
    assert way.receiver.receiver.strays == 1


def test_the_memory_of_one_source_does_not_colour_the_next() -> None:
    frames = []
    for before in (0, 50):
        way = Way(outbound(CODECS["g722"]), inbound(CODECS["g722"]))
        list(way.carry(before, Tone(3000.0, amplitude=0.9)))
        way.frames = 200
        way.sender = outbound(CODECS["g722"], ssrc=9)
        way.receiver.on_rtp(build(RtpPacket(PAYLOAD_TYPE, 65_499, 0xFFFE_FF60, 9, b"")), 4.0)
        frames.append([pcm.tobytes() for pcm in way.carry(20, Tone(440.0))])
    assert set(frames[1][5:]) <= set(frames[0])
    assert len(set(frames[1])) > 15


@pytest.mark.parametrize(("first", "second"), [(OPUS, PCMU), (PCMU, OPUS)])
def test_the_codec_may_change_in_the_middle(first: Codec, second: Codec) -> None:
    way = Way(outbound(first), inbound(first))
    way.receiver.agree(InboundFormats({PAYLOAD_TYPE: first, 97: second}))
    tone = Tone(440.0)
    list(way.carry(50, tone))
    way.sender.agree(OutboundFormats(second, 97, EVENTS))
    meter = ToneMeter()
    for pcm in way.carry(100, tone):
        meter.add(pcm)
    assert meter.seconds(440.0) >= 1.6
    assert way.receiver.codec == second
    assert way.receiver.jitter_buffer.delay_s < 0.026


def test_a_payload_type_may_come_to_mean_another_codec() -> None:
    way = Way(outbound(OPUS), inbound(OPUS))
    list(way.carry(50, Tone(440.0)))
    way.receiver.agree(InboundFormats({PAYLOAD_TYPE: PCMU}))
    way.sender.agree(OutboundFormats(PCMU, PAYLOAD_TYPE))
    meter = ToneMeter()
    for pcm in way.carry(100, Tone(440.0)):
        meter.add(pcm)
    assert meter.seconds(440.0) >= 1.6


def test_the_same_formats_agreed_again_disturb_nothing() -> None:
    way, meter = Way(outbound(OPUS), inbound(OPUS)), ToneMeter()
    tone = Tone(440.0)
    list(way.carry(20, tone))
    for _ in range(10):
        way.receiver.agree(InboundFormats({PAYLOAD_TYPE: OPUS, 13: CODECS["pcmu"]}))
        for pcm in way.carry(10, tone):
            meter.add(pcm)
    assert meter.seconds(440.0) >= 1.9


def test_comfort_noise_is_not_the_codec_of_the_call() -> None:
    way = Way(outbound(PCMU), inbound(PCMU))
    list(way.carry(10, Tone(440.0)))
    sequence, timestamp = 65_510, 0xFFFF_0000 + 10 * 160
    way.receiver.on_rtp(build(RtpPacket(13, sequence, timestamp & 0xFFFF_FFFF, 7, b"\x3c")), 0.226)
    frames = [way.receiver.read(0.230 + n * 0.020) for n in range(50)]
    assert way.receiver.codec == PCMU
    assert 0 < np.abs(frames[-1].astype(int)).max() < 300


def test_unknown_payload_types_and_padding_are_stepped_over() -> None:
    way = Way(outbound(PCMU), inbound(PCMU))
    list(way.carry(10, Tone(440.0)))
    for n, payload_type in enumerate((77, 77, PAYLOAD_TYPE)):
        payload = b"what" if payload_type == 77 else b""
        packet = RtpPacket(payload_type, 65_510 + n, 0xFFFF_0000 + 9 * 160, 7, payload)
        way.receiver.on_rtp(build(packet), 0.21)
    assert way.receiver.unknown == 2
    assert way.receiver.receiver.received == 13
    assert way.receiver.receiver.jitter_ms < 0.01


def test_nothing_received_is_silence() -> None:
    receiver = inbound()
    assert not receiver.read(0.0).any()
    assert receiver.codec is None
    assert receiver.digits(0.0) == ()


def test_wild_packets_cost_nothing_but_themselves() -> None:
    """Random headers and payloads, from the peer itself, while it also talks."""
    draw, tone = random.Random(3550), Tone(440.0)
    way, meter = Way(outbound(OPUS), inbound(OPUS)), ToneMeter()
    list(way.carry(50, tone))
    for _ in range(2000):
        body = draw.randbytes(draw.choice((0, 1, 4, 60, 1500)))
        kind = draw.choice((0, PAYLOAD_TYPE, 13, 101, 102, 127))
        way.receiver.on_rtp(
            build(RtpPacket(kind, draw.randrange(65536), draw.randrange(2**32), 8, body)), 1.02
        )
        way.receiver.on_rtp(draw.randbytes(draw.randrange(40)), 1.02)
    for pcm in way.carry(100, tone):
        meter.add(pcm)
    assert meter.seconds(440.0) >= 1.6


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
def test_wild_packets_of_the_heard_source_end_with_themselves(codec: Codec) -> None:
    """Reordered, repeated, replayed, with jumps of 64 k, 1 and 1,500 bytes long."""
    draw, now = random.Random(711), 0.0
    receiver = inbound(codec)
    for n in range(3000):
        sequence = draw.choice((n, n, n - 5, n + 3, draw.randrange(65536))) & 0xFFFF
        timestamp = draw.choice((n * 960, draw.randrange(2**32))) & 0xFFFF_FFFF
        payload = draw.randbytes(draw.choice((1, 2, 60, 160, 1500)))
        receiver.on_rtp(build(RtpPacket(PAYLOAD_TYPE, sequence, timestamp, 7, payload)), now)
        if n % 2:
            now += 0.020
            assert len(receiver.read(now)) == FRAME
    way, meter, tone = (
        Way(outbound(codec), receiver, frames=int(now / 0.020) + 10),
        ToneMeter(),
        Tone(440.0),
    )
    for pcm in way.carry(200, tone):
        meter.add(pcm)
    assert meter.seconds(440.0) >= 2.5
    assert receiver.jitter_buffer.delay_s < 0.3


def test_frames_may_be_of_10_ms() -> None:
    receiver = inbound()
    assert len(receiver.read(0.0, RATE // 100)) == 480


def red_call() -> Way:
    """A call whose sender repeats the packet before, and reports of loss that make it do so."""
    way = Way(outbound(OPUS), inbound(OPUS))
    way.sender.agree(OutboundFormats(OPUS, PAYLOAD_TYPE, EVENTS, red=63))
    way.sender.on_report(ReportBlock(7, 0.05, 0, 0, 0, 0, 0), 0.0)
    way.receiver.agree(InboundFormats({PAYLOAD_TYPE: OPUS}, red=frozenset({63})))
    return way


def test_what_is_lost_comes_again_with_the_next_packet() -> None:
    way, meter = red_call(), ToneMeter()
    tone = Tone(440.0, amplitude=0.5)
    list(way.carry(50, tone))
    for _ in range(30):
        way.lose(1, tone)
        for pcm in way.carry(9, tone):
            meter.add(pcm)
    counts = way.receiver.jitter_buffer.counts
    assert way.receiver.receiver.lost == 30
    assert counts.recovered >= 28 * FRAME
    assert counts.concealed <= 2 * FRAME
    assert way.receiver.codec == OPUS
    assert meter.seconds(440.0) >= 4.0


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"\xe0\x0f\x03\xff\x60",
        bytes((0x80 | PAYLOAD_TYPE, 0, 0, 1, 63, 0, 0)),
        bytes((0x80 | PAYLOAD_TYPE, 0xFF, 0xFC, 1, PAYLOAD_TYPE, 0, 0)),
        bytes((0x80 | 101, 0x0F, 0x00, 4, PAYLOAD_TYPE)) + b"\x05\x0a\x01\x40" + bytes(40),
    ],
)
def test_red_that_is_none_costs_nothing_but_the_packet(payload: bytes) -> None:
    way = red_call()
    tone = Tone(440.0)
    list(way.carry(50, tone))
    before = way.receiver.jitter_buffer.delay_s
    number = way.lose(1, tone)
    timestamp = (0xFFFF_0000 + 50 * FRAME) & 0xFFFF_FFFF
    way.receiver.on_rtp(build(RtpPacket(63, number, timestamp, 7, payload)), 1.03)
    list(way.carry(50, tone))
    assert way.receiver.digits(2.5) == ()
    assert way.receiver.jitter_buffer.delay_s < before + 0.03
    assert (
        way.receiver.jitter_buffer.counts.played + way.receiver.jitter_buffer.counts.recovered
        > 98 * FRAME
    )


def test_the_pauses_of_dtx_are_no_losses_and_sound_like_what_was_before() -> None:
    way = Way(outbound(OPUS, OpusSettings(dtx=True)), inbound(OPUS))
    draw = np.random.default_rng(4)

    def hiss(seconds: float) -> list[Pcm]:
        return list(draw.normal(0, 40, (round(seconds * 50), FRAME)).astype(np.int16))

    list(way.carry(100, Tone(440.0, amplitude=0.5)))
    before = way.sender.sender.packets
    heard = [pcm for frame in hiss(6) for pcm in way.carry(1, frame)]
    assert way.sender.sender.packets - before < 100, "most of it was not sent"
    counts = way.receiver.jitter_buffer.counts
    assert (counts.concealed, counts.late, way.receiver.receiver.lost) == (0, 0, 0)
    assert counts.paused > 4 * RATE
    levels = [dbfs(rms(pcm)) for pcm in heard[100:]]
    assert min(levels) > -70, "no hole in the noise"
    assert max(levels) < -50
    meter = ToneMeter()
    for pcm in way.carry(100, Tone(440.0, amplitude=0.5)):
        meter.add(pcm)
    assert meter.seconds(440.0) >= 1.8
    assert way.receiver.jitter_buffer.delay_s < 0.03
