"""Packets of the length that the far end asks for (`ptime`, `maxptime`)."""

from itertools import pairwise

import pytest

from sipcli.catalog.codecs import G722, OPUS, PCMA, PCMU, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.codecs import libopus
from sipcli.media.codecs.codec import make_decoder, packet_ms
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.dtmf.dtmf_digits import Digit, parse_digits
from sipcli.media.pcm import FRAME, RATE, Pcm, silence
from sipcli.media.quality.tone_meter import ToneMeter
from sipcli.media.rtp.packet import RtpPacket, build, parse
from sipcli.media.rtp.red import parse as parse_red
from sipcli.media.session.inbound import InboundAudio, InboundFormats
from sipcli.media.session.outbound import OutboundAudio, OutboundFormats
from tests.media.call import EVENTS, PAYLOAD_TYPE, inbound
from tests.media.rtp.test_loss_protection import MUCH_REMAINS
from tests.media.session.test_outbound import report

BEGIN = 0xFFFF_F000
LENGTHS = [(codec, ms) for codec in (PCMU, PCMA, G722) for ms in (10, 20, 30, 40, 60, 120)] + [
    (OPUS, ms) for ms in (10, 20, 40, 60, 80, 100, 120)
]
BY_LENGTH = pytest.mark.parametrize(
    ("codec", "ms"), LENGTHS, ids=[f"{codec.name} {ms}" for codec, ms in LENGTHS]
)


def half(
    codec: Codec, ms: int, opus: OpusSettings | None = None, red: int | None = None
) -> OutboundAudio:
    formats = OutboundFormats(codec, PAYLOAD_TYPE, EVENTS, packet_ms=ms, opus=opus, red=red)
    return OutboundAudio(formats, ssrc=7, sequence=65_500, timestamp=BEGIN)


def send(
    sender: OutboundAudio, frames: int, first: int = 0, sound: Tone | None = None
) -> list[tuple[int, RtpPacket]]:
    """The packets and the frame each leaves with."""
    found = []
    for n in range(first, first + frames):
        pcm = sound.frame() if sound else silence(FRAME)
        for data in sender.packetize(pcm, n * 0.020):
            packet = parse(data)
            assert packet is not None
            found.append((n, packet))
    return found


def packets(sender: OutboundAudio, frames: int, first: int = 0) -> list[RtpPacket]:
    return [packet for _, packet in send(sender, frames, first, Tone(300.0))]


@BY_LENGTH
def test_each_packet_holds_so_much_and_begins_where_the_last_ends(codec: Codec, ms: int) -> None:
    found = packets(half(codec, ms), 300)
    assert len(found) == 6000 // ms
    strides = {(b.timestamp - a.timestamp) & 0xFFFF_FFFF for a, b in pairwise(found)}
    assert strides == {codec.clock_rate * ms // 1000}
    assert found[0].timestamp == BEGIN
    decoder = make_decoder(codec)
    assert {decoder.samples(packet.payload) for packet in found} == {ms * RATE // 1000}
    assert [packet.marker for packet in found] == [True] + [False] * (len(found) - 1)
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(found)} == {1}


@BY_LENGTH
def test_no_sound_waits_longer_than_a_packet_takes_to_fill(codec: Codec, ms: int) -> None:
    step = codec.clock_rate * 20 // 1000
    for n, packet in send(half(codec, ms), 100, sound=Tone(300.0)):
        age = n * step - ((packet.timestamp - BEGIN) & 0xFFFF_FFFF)
        assert age * 1000 / codec.clock_rate <= max(0, ms - 10)


@BY_LENGTH
def test_what_is_sent_so_is_heard_without_a_gap(codec: Codec, ms: int) -> None:
    sender, ears, meter = half(codec, ms), inbound(codec), ToneMeter()
    tone = Tone(440.0, amplitude=0.5)
    for n in range(200):
        for data in sender.packetize(tone.frame(), n * 0.020):
            ears.on_rtp(data, n * 0.020 + 0.025)
        meter.add(ears.read(n * 0.020 + 0.030))
    assert meter.seconds(440.0) >= 3.4
    assert ears.meter.mean_dbfs == pytest.approx(sender.meter.mean_dbfs, abs=0.3)
    assert ears.receiver.lost == 0


@pytest.mark.parametrize("ms", [10, 30, 40, 60])
def test_a_digit_cuts_no_sound_off_and_comes_in_its_own_time(ms: int) -> None:
    sender = half(PCMU, ms)
    before = packets(sender, 4)
    sender.queue_digits(parse_digits("5"))
    sent = [packet for _, packet in send(sender, 20, first=4)]
    events = [packet for packet in sent if packet.payload_type == EVENTS[8_000]]
    sound = [packet for packet in (*before, *sent) if packet.payload_type == PAYLOAD_TYPE]
    assert len(events) == 7
    assert {packet.timestamp for packet in events} == {(BEGIN + 4 * 160) & 0xFFFF_FFFF}
    first = [packet for packet in sound if (packet.timestamp - BEGIN) & 0xFFFF_FFFF < 640]
    assert sum(len(packet.payload) for packet in first) == 640, "80 ms before the digit"
    assert sender.digits() == (Digit("5", 100),)
    ears = inbound(PCMU)
    for packet in (*before, *sent):
        ears.on_rtp(build(packet), 0.0)
    assert ears.digits(1.0) == (Digit("5", 100),)
    assert ears.unknown == 0


def test_hold_and_a_jump_in_time_begin_a_packet_anew() -> None:
    sender = half(PCMU, 60)
    packets(sender, 2)
    sender.pause(0.040)
    after = packets(sender, 3, first=3)
    assert [(packet.timestamp - BEGIN) & 0xFFFF_FFFF for packet in after] == [480]
    assert after[0].marker
    packets(sender, 1, first=6)
    sender.sender.skip(10)
    jumped = packets(sender, 3, first=17)
    assert [(packet.timestamp - BEGIN) & 0xFFFF_FFFF for packet in jumped] == [6 * 160, 17 * 160]
    assert [len(packet.payload) for packet in jumped] == [160, 480]


def test_another_agreement_changes_the_length_and_the_same_one_does_not() -> None:
    sender = half(PCMU, 60)
    packets(sender, 2)
    sender.agree(OutboundFormats(PCMU, PAYLOAD_TYPE, EVENTS, packet_ms=60))
    assert [len(packet.payload) for packet in packets(sender, 1, first=2)] == [480]
    sender.agree(OutboundFormats(PCMU, PAYLOAD_TYPE, EVENTS, packet_ms=20))
    assert [len(packet.payload) for packet in packets(sender, 2, first=3)] == [160, 160]
    sender.agree(OutboundFormats(OPUS, PAYLOAD_TYPE, EVENTS, packet_ms=40))
    assert len(packets(sender, 4, first=5)) == 2


@pytest.mark.parametrize("ms", [10, 40, 60])
def test_silence_is_not_sent_with_dtx_whatever_the_length(ms: int) -> None:
    sender = half(OPUS, ms, OpusSettings(dtx=True))
    assert len(send(sender, 150)) < 0.4 * 3000 / ms
    spoken = packets(sender, 30, first=150)
    assert spoken[0].marker
    assert len(spoken) >= 30 * 20 // ms - 1


@pytest.mark.parametrize(("ms", "offsets"), [(10, (960, 480)), (40, (3840, 1920)), (120, (5760,))])
def test_redundancy_reaches_back_by_packets(ms: int, offsets: tuple[int, ...]) -> None:
    sender = half(OPUS, ms, red=63)
    packets(sender, 30)
    sender.on_metrics(MUCH_REMAINS)
    for n in range(3):
        sender.on_report(report(0.2), 1.0 + n)
    last = packets(sender, 60, first=30)[-1]
    assert last.payload_type == 63
    found = tuple(block.timestamp_offset for block in parse_red(last.payload)[:-1])
    assert found in (offsets, offsets[-1:])


@pytest.mark.parametrize("ms", [20, 60, 120])
def test_a_packet_fits_into_one_of_the_network(ms: int) -> None:
    loud: Pcm = Tone(300.0, 1700.0, 5100.0, amplitude=0.3).frame()
    sender = half(OPUS, ms, OpusSettings(bitrate=510_000))
    sizes = [len(data) for n in range(60) for data in sender.packetize(loud, n * 0.020)]
    assert max(sizes) <= 1300


@pytest.mark.parametrize(
    ("codec", "wanted", "given"),
    [
        (PCMU, 1, 10),
        (PCMU, 10, 10),
        (PCMU, 15, 10),
        (PCMU, 20, 20),
        (PCMU, 33, 30),
        (G722, 119, 110),
        (PCMA, 120, 120),
        (OPUS, 1, 10),
        (OPUS, 19, 10),
        (OPUS, 30, 20),
        (OPUS, 60, 60),
        (OPUS, 99, 80),
        (OPUS, 120, 120),
    ],
)
def test_a_packet_never_holds_more_than_is_wanted(codec: Codec, wanted: int, given: int) -> None:
    assert packet_ms(codec, wanted) == given


def test_without_libopus_opus_has_20_ms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libopus, "load", lambda: None)
    assert packet_ms(OPUS, 60) == 20


def test_what_comes_in_packets_of_any_length_is_heard() -> None:
    """Our own description allows 10 to 120 ms (`minptime`, `maxptime`)."""
    for ms in (10, 60, 120):
        ears = InboundAudio(InboundFormats({PAYLOAD_TYPE: OPUS}))
        sender = half(OPUS, ms)
        for n in range(100):
            for data in sender.packetize(Tone(500.0).frame(), n * 0.020):
                ears.on_rtp(data, n * 0.020)
            ears.read(n * 0.020 + 0.005)
        assert ears.meter.audible_s > 1.5
