"""The sending half of a call."""

from itertools import pairwise

import pytest

from sipcli.catalog.codecs import CODECS, OPUS, PCMA, PCMU, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.codecs.codec import make_decoder
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.dtmf.dtmf_digits import Digit, InvalidDigits, parse_digits
from sipcli.media.dtmf.telephone_event import TelephoneEvent
from sipcli.media.dtmf.telephone_event import parse as parse_event
from sipcli.media.pcm import FRAME, silence
from sipcli.media.rtp.extension import ExtensionElement, find
from sipcli.media.rtp.packet import RtpPacket
from sipcli.media.rtp.red import parse as parse_red
from sipcli.media.rtp.rtcp import ReportBlock
from sipcli.media.session.outbound import OutboundAudio, OutboundFormats
from tests.media.call import EVENTS, PAYLOAD_TYPE, outbound, read
from tests.media.codecs.tone import frames, voice
from tests.media.rtp.test_loss_protection import BURSTS_REMAIN, MUCH_REMAINS


def send(
    half: OutboundAudio, frames: int, first: int = 0, tone: Tone | None = None
) -> list[RtpPacket]:
    """What is sent of `frames` frames."""
    found = []
    for n in range(first, first + frames):
        pcm = tone.frame() if tone else silence(FRAME)
        found += [read([data]) for data in half.packetize(pcm, n * 0.020)]
    return found


def report(fraction_lost: float) -> ReportBlock:
    return ReportBlock(7, fraction_lost, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("codec", CODECS.values(), ids=list(CODECS))
def test_fifty_packets_a_second_of_20_ms(codec: Codec) -> None:
    found = send(outbound(codec), 50)
    strides = {(b.timestamp - a.timestamp) & 0xFFFF_FFFF for a, b in pairwise(found)}
    assert len(found) == 50
    assert strides == {codec.clock_rate // 50}
    assert {packet.payload_type for packet in found} == {PAYLOAD_TYPE}
    assert [packet.marker for packet in found] == [True] + [False] * 49


def test_a_digit_takes_the_place_of_the_audio() -> None:
    half = outbound(PCMU)
    send(half, 5)
    half.queue_digits(parse_digits("5"))
    found = send(half, 10, first=5)
    assert [packet.payload_type for packet in found] == [101] * 7 + [PAYLOAD_TYPE] * 3
    assert [packet.marker for packet in found] == [True] + [False] * 9
    assert {packet.timestamp for packet in found[:7]} == {0xFFFF_0000 + 5 * 160}
    assert found[7].timestamp == 0xFFFF_0000 + 12 * 160
    assert half.digits() == (Digit("5", 100),)
    assert half.digits() == ()


def test_digits_have_the_clock_of_the_codec_or_else_the_one_there_is() -> None:
    half = outbound(OPUS)
    half.queue_digits(parse_digits("1"))
    (first, *_) = send(half, 10)
    assert (first.payload_type, first.payload[2:]) == (102, (960).to_bytes(2, "big"))
    half = outbound(OPUS)
    half.agree(OutboundFormats(OPUS, PAYLOAD_TYPE, {8_000: 101}))
    half.queue_digits(parse_digits("1"))
    (first, *_) = send(half, 10)
    assert (first.payload_type, first.payload[2:]) == (101, (160).to_bytes(2, "big"))


def test_without_events_digits_wait() -> None:
    half = outbound()
    half.agree(OutboundFormats(PCMU, 0))
    assert not half.takes_events
    half.queue_digits(parse_digits("1"))
    assert {packet.payload_type for packet in send(half, 20)} == {0}
    half.agree(OutboundFormats(PCMU, 0, EVENTS))
    assert half.takes_events


def test_too_many_digits_are_refused() -> None:
    with pytest.raises(InvalidDigits):
        outbound().queue_digits(parse_digits("1" * 1000) + parse_digits("1"))


def test_a_change_of_codec_has_no_jump() -> None:
    half = outbound(OPUS)
    before = send(half, 10)
    half.agree(OutboundFormats(PCMA, 8, EVENTS))
    after = send(half, 10, first=10)
    assert half.codec == PCMA
    assert {packet.payload_type for packet in after} == {8}
    assert (after[0].timestamp - before[-1].timestamp) & 0xFFFF_FFFF == 960
    assert (after[1].timestamp - after[0].timestamp) & 0xFFFF_FFFF == 160
    assert (after[0].sequence - before[-1].sequence) & 0xFFFF == 1
    assert not after[0].marker


def test_another_payload_type_alone_keeps_the_encoder_and_the_digits() -> None:
    half = outbound(OPUS)
    half.queue_digits(parse_digits("12"))
    send(half, 3)
    half.agree(OutboundFormats(OPUS, 111, EVENTS))
    rest = send(half, 30, first=3)
    assert half.digits() == (Digit("1", 100), Digit("2", 100))
    assert rest[-1].payload_type == 111


@pytest.mark.parametrize(
    ("formats", "types"),
    [
        (OutboundFormats(PCMU, 0, {48_000: 99}), [101] * 5 + [0] * 2 + [99] * 7),
        (OutboundFormats(OPUS, 111, EVENTS), [101] * 5 + [111] * 2 + [102] * 7),
        (OutboundFormats(PCMU, 0), [101] * 5 + [0] * 18),
    ],
)
def test_a_digit_sounds_as_it_began_and_the_next_goes_by_what_is_agreed(
    formats: OutboundFormats, types: list[int]
) -> None:
    half = outbound(PCMU)
    half.queue_digits(parse_digits("12"))
    begun = send(half, 2)
    half.agree(formats)
    found = send(half, 23, first=2)
    assert [packet.payload_type for packet in found][: len(types)] == types
    assert {packet.timestamp for packet in [*begun, *found[:5]]} == {begun[0].timestamp}
    ends = [parse_event(packet.payload) for packet in found[2:5]]
    assert ends == [TelephoneEvent(1, 800, end=True)] * 3
    told = half.digits()
    assert told == (Digit("1", 100), Digit("2", 100))[: 2 if formats.events else 1]
    assert half.dtmf.take_back() == (() if formats.events else ("2",))


def test_a_digit_may_have_to_end_at_once() -> None:
    half = outbound(PCMU)
    half.queue_digits(parse_digits("1"))
    begun = send(half, 2)
    ends = half.end_digit()
    packets = [read([data]) for data in ends]
    assert [one.sequence for one in packets] == [begun[-1].sequence + n for n in (1, 2, 3)]
    assert {one.timestamp for one in packets} == {begun[0].timestamp}
    assert {one.payload_type for one in packets} == {101}
    assert half.digits() == (Digit("1", 40),)
    (after,) = send(half, 1, first=2)
    assert after.timestamp == (begun[-1].timestamp + 320) & 0xFFFF_FFFF, "no time has passed"


def test_on_hold_time_goes_on_and_talk_begins_with_a_mark() -> None:
    half = outbound()
    send(half, 2)
    for n in range(2, 52):
        half.pause(n * 0.020)
    after = send(half, 2, first=52)
    assert after[0].timestamp == (0xFFFF_0000 + 52 * 160) & 0xFFFF_FFFF
    assert [packet.marker for packet in after] == [True, False]


def test_dtx_sends_next_to_nothing_in_silence() -> None:
    half = outbound(OPUS, OpusSettings(dtx=True))
    assert len(send(half, 50, tone=Tone(300.0))) == 50
    heard = half.meter.audible_s
    silent = send(half, 200, first=50)
    assert len(silent) < 50
    lengths = [len(packet.payload) for packet in silent[-8:]]
    assert {length <= 2 for length in lengths[::2]} != {length <= 2 for length in lengths[1::2]}, (
        "each update is followed by one word that nothing follows"
    )
    assert not any(packet.marker for packet in silent), "nobody begins to speak"
    assert half.meter.audible_s == heard
    spoken = send(half, 2, first=250, tone=Tone(300.0))
    assert [packet.marker for packet in spoken] == [True, False]
    assert spoken[0].timestamp == (0xFFFF_0000 + 250 * 960) & 0xFFFF_FFFF


def test_reported_losses_bring_fec_and_its_end_comes_slowly() -> None:
    half, decoder = outbound(OPUS), make_decoder(OPUS)

    def has_fec(first: int) -> bool:
        speech = frames(voice(0.5))
        packets = [half.packetize(pcm, (first + n) * 0.020) for n, pcm in enumerate(speech)]
        return any(decoder.has_fec(read(packet).payload) for packet in packets[5:])

    assert not has_fec(0)
    half.on_report(report(0.02), 0.5)
    assert has_fec(25)
    half.on_report(report(0.0), 1.0)
    assert has_fec(50)
    for n in range(5):
        half.on_report(report(0.0), 1.5 + 2 * n)
    assert not has_fec(500)


def test_a_new_encoder_knows_of_the_losses_too() -> None:
    half, decoder = outbound(PCMU), make_decoder(OPUS)
    half.on_report(report(0.1), 0.0)
    half.agree(OutboundFormats(OPUS, 111, EVENTS))
    packets = [half.packetize(pcm, n * 0.020) for n, pcm in enumerate(frames(voice(0.5)))]
    assert any(decoder.has_fec(read(packet).payload) for packet in packets)


def test_the_level_is_that_of_what_was_sent() -> None:
    half = outbound()
    send(half, 25, tone=Tone(440.0, amplitude=0.1))
    assert half.meter.audible_s == pytest.approx(0.5)
    assert half.meter.mean_dbfs == pytest.approx(-23.0, abs=0.1)
    half.pause(1.0)
    half.queue_digits(parse_digits("1"))
    loud = Tone(440.0, amplitude=0.9)
    send(half, 7, first=51, tone=loud)  # under the digit it is not sent
    assert half.meter.mean_dbfs == pytest.approx(-23.0, abs=0.1)


RED = OutboundFormats(OPUS, PAYLOAD_TYPE, EVENTS, red=63)


def test_red_is_sent_while_losses_are_reported_and_only_then() -> None:
    half = outbound(OPUS)
    half.agree(RED)
    assert {packet.payload_type for packet in send(half, 10)} == {PAYLOAD_TYPE}
    half.on_report(report(0.05), 0.2)
    found = send(half, 10, first=10)
    assert {packet.payload_type for packet in found} == {63}
    for packet in found:
        *redundant, primary = parse_red(packet.payload)
        assert [block.timestamp_offset for block in redundant] == [960]
        assert primary.payload_type == PAYLOAD_TYPE
    again = [parse_red(packet.payload)[0].payload for packet in found[1:]]
    assert again == [parse_red(packet.payload)[-1].payload for packet in found[:-1]]
    half.on_report(report(0.0), 30.0)
    assert {packet.payload_type for packet in send(half, 10, first=20)} == {PAYLOAD_TYPE}


def test_losses_that_remain_bring_the_two_packets_before() -> None:
    half = outbound(OPUS)
    half.agree(RED)
    half.on_report(report(0.05), 0.0)
    send(half, 100)
    half.on_metrics(MUCH_REMAINS)
    (*_, last) = send(half, 5, first=100)
    assert [block.timestamp_offset for block in parse_red(last.payload)] == [1920, 960, 0]


def test_bursts_that_remain_bring_one_from_farther_back() -> None:
    half = outbound(OPUS)
    half.agree(RED)
    half.on_report(report(0.05), 0.0)
    send(half, 100)
    half.on_metrics(BURSTS_REMAIN)
    (*_, last) = send(half, 5, first=100)
    assert [block.timestamp_offset for block in parse_red(last.payload)] == [3840, 960, 0]


def test_metrics_are_heeded_once() -> None:
    """They tell of what had been sent by then, whatever has been since."""
    half = outbound(OPUS)
    half.agree(RED)
    half.on_report(report(0.05), 0.0)
    send(half, 10)
    for first in range(10, 500, 10):
        half.on_metrics(MUCH_REMAINS)
        (*_, last) = send(half, 10, first)
    assert [block.timestamp_offset for block in parse_red(last.payload)] == [960, 0]


def test_a_report_is_heeded_once() -> None:
    half, once = outbound(OPUS), report(0.1)
    half.agree(RED)
    for second in range(60):
        half.on_report(once, float(second))
    half.on_report(report(0.0), 60.0)
    assert {packet.payload_type for packet in send(half, 10)} == {PAYLOAD_TYPE}


def test_red_ends_where_the_far_end_takes_it_no_more() -> None:
    half = outbound(OPUS)
    half.agree(RED)
    half.on_report(report(0.05), 0.0)
    send(half, 5)
    half.agree(OutboundFormats(OPUS, PAYLOAD_TYPE, EVENTS))
    assert {packet.payload_type for packet in send(half, 5, first=5)} == {PAYLOAD_TYPE}
    half.agree(RED)
    assert {packet.payload_type for packet in send(half, 5, first=10)} == {63}


def test_a_digit_is_not_sent_again() -> None:
    half = outbound(OPUS)
    half.agree(RED)
    half.on_report(report(0.05), 0.0)
    send(half, 5)
    half.queue_digits(parse_digits("1"))
    found = send(half, 12, first=5)
    assert [packet.payload_type for packet in found] == [102] * 7 + [PAYLOAD_TYPE] + [63] * 4
    assert [b.timestamp_offset for b in parse_red(found[-1].payload)] == [960, 0]


def test_other_settings_for_opus_make_another_encoder() -> None:
    half = outbound(OPUS)
    loud = Tone(440.0)
    before = sum(len(packet.payload) for packet in send(half, 50, tone=loud))
    half.agree(OutboundFormats(OPUS, PAYLOAD_TYPE, EVENTS, opus=OpusSettings(bitrate=8_000)))
    after = sum(len(packet.payload) for packet in send(half, 50, first=50, tone=loud))
    assert after < before / 2


def test_packets_name_their_medium_until_the_far_end_reports_on_them() -> None:
    formats = OutboundFormats(PCMU, PAYLOAD_TYPE, EVENTS, mid=ExtensionElement(4, b"0"))
    half = OutboundAudio(formats, ssrc=7, sequence=0, timestamp=0)
    half.queue_digits(parse_digits("5"))
    named = send(half, 50)
    assert {find(packet.extension, 4) for packet in named} == {b"0"}
    assert {packet.payload_type for packet in named} == {PAYLOAD_TYPE, EVENTS[8_000]}
    assert half.sender.octets == sum(len(packet.payload) for packet in named)
    half.on_report(report(0.0), 1.0)
    assert {packet.extension for packet in send(half, 5, 50)} == {b""}
    half.agree(formats)
    assert {find(packet.extension, 4) for packet in send(half, 5, 55)} == {b"0"}
