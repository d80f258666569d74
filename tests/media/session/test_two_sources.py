"""Two sources that send at the same time: the one that speaks is heard, digits of either count."""

from collections.abc import Iterator

import pytest

from sipcli.catalog.codecs import OPUS, PCMU, Codec
from sipcli.media.audio_io.tones import Tone
from sipcli.media.dtmf.dtmf_digits import Digit, parse_digits
from sipcli.media.pcm import FRAME, Pcm, silence
from sipcli.media.quality.tone_meter import ToneMeter
from sipcli.media.rtp.packet import RtpPacket, build
from sipcli.media.session.inbound import InboundAudio
from sipcli.media.session.outbound import OutboundAudio
from tests.media.call import inbound, outbound, read

OLD, NEW = 7, 9
LOW, HIGH = 400.0, 1000.0


class Pair:
    """Two senders, frame by frame in step, and who hears them."""

    def __init__(self, codec: Codec = PCMU) -> None:
        self.ears: InboundAudio = inbound(codec)
        self.old, self.new = outbound(codec, ssrc=OLD), outbound(codec, ssrc=NEW)
        self.frames = 0

    def carry(self, frames: int, old: Tone | None, new: Tone | None) -> Iterator[Pcm]:
        """What is heard while each sends its tone, or silence."""
        for _ in range(frames):
            now = self.frames * 0.020
            self.frames += 1
            for sender, tone in ((self.old, old), (self.new, new)):
                self.arrives(sender, tone, now)
            yield self.ears.read(now + 0.030)

    def arrives(self, sender: OutboundAudio, tone: Tone | None, now: float) -> None:
        for data in sender.packetize(tone.frame() if tone else silence(FRAME), now):
            self.ears.on_rtp(data, now + 0.025)

    def seconds(self, frames: int, old: Tone | None, new: Tone | None, frequency: float) -> float:
        """For how long that frequency is heard."""
        meter = ToneMeter()
        for pcm in self.carry(frames, old, new):
            meter.add(pcm)
        return meter.seconds(frequency)

    @property
    def heard(self) -> int | None:
        return self.ears.receiver.ssrc


@pytest.mark.parametrize("codec", [PCMU, OPUS], ids=["pcmu", "opus"])
def test_of_an_old_source_with_silence_and_a_new_one_that_speaks_the_new_is_heard(
    codec: Codec,
) -> None:
    pair = Pair(codec)
    list(pair.carry(100, Tone(LOW), None))
    assert pair.heard == OLD
    assert pair.seconds(150, None, Tone(HIGH), HIGH) >= 1.0
    assert pair.heard == NEW


def test_a_source_that_is_silent_from_the_start_holds_up_nobody() -> None:
    pair = Pair()
    assert pair.seconds(150, None, Tone(HIGH), HIGH) >= 1.0
    assert pair.heard == NEW


def test_of_two_that_speak_the_first_stays() -> None:
    pair = Pair()
    list(pair.carry(200, Tone(LOW), Tone(HIGH)))
    assert pair.heard == OLD


def test_of_two_that_are_silent_the_first_stays() -> None:
    pair = Pair()
    list(pair.carry(200, None, None))
    assert pair.heard == OLD


def test_a_pause_in_speech_is_not_enough() -> None:
    pair = Pair()
    for _ in range(4):
        list(pair.carry(40, Tone(LOW), Tone(HIGH)))
        list(pair.carry(40, None, Tone(HIGH)))
    assert pair.heard == OLD


def test_the_first_is_heard_again_when_it_speaks_and_the_second_does_not() -> None:
    pair = Pair()
    list(pair.carry(100, None, Tone(HIGH)))
    assert pair.heard == NEW
    assert pair.seconds(150, Tone(LOW), None, LOW) >= 1.0
    assert pair.heard == OLD


def test_the_packets_of_each_source_count_while_it_is_heard() -> None:
    pair = Pair()
    list(pair.carry(150, None, Tone(HIGH)))
    receiver = pair.ears.receiver
    assert receiver.lost == 0
    assert receiver.received + receiver.strays == 300
    assert receiver.report(3.0)[0].ssrc == NEW


def test_digits_from_a_source_of_their_own_are_heard_once() -> None:
    pair = Pair()
    pair.new.queue_digits(parse_digits("12"))
    digits: list[Digit] = []
    for _ in pair.carry(60, Tone(LOW), None):
        digits += pair.ears.digits(pair.frames * 0.020)
    assert digits == [Digit("1", 100), Digit("2", 100)]
    assert pair.heard == OLD


def test_a_digit_that_ends_while_sources_change_is_told_once() -> None:
    pair = Pair()
    list(pair.carry(5, Tone(LOW), None))
    pair.old.queue_digits(parse_digits("7"))
    digits: list[Digit] = []
    for _ in range(5):  # up to its first end
        pair.arrives(pair.old, None, pair.frames * 0.020)
        digits += pair.ears.digits(pair.frames * 0.020)
        pair.frames += 1
    for _ in range(3):  # two more ends of the old one between packets of the new
        for sender in (pair.new, pair.new, pair.old):
            pair.arrives(sender, Tone(HIGH), pair.frames * 0.020)
        digits += pair.ears.digits(pair.frames * 0.020)
        pair.frames += 1
    assert pair.heard == NEW
    assert digits == [Digit("7", 100)]


def test_a_new_source_in_each_packet_is_never_heard() -> None:
    ears = inbound()
    payload = read(outbound().packetize(Tone(HIGH).frame(), 0.0)).payload
    for n in range(2000):
        now = n * 0.020
        ears.on_rtp(build(RtpPacket(96, n & 0xFFFF, n * 160, 1, b"\xff" * 160)), now)
        ears.on_rtp(build(RtpPacket(96, n & 0xFFFF, n * 160, 100 + n, payload)), now)
        ears.on_rtp(build(RtpPacket(101, n & 0xFFFF, n * 160, 5000 + n, b"\x05\x8a\x01\x40")), now)
        ears.read(now)
    assert ears.receiver.ssrc == 1
    assert len(ears.digits(100.0)) == 2000
