"""What became of a received packet, as the journal notes it."""

import random
import re
from collections.abc import Iterator
from itertools import cycle, repeat

import pytest

from sipcli.catalog.codecs import CODECS, OPUS, PCMU, Codec
from sipcli.journal.entries import PacketEntry
from sipcli.media.audio_io.tones import Tone
from sipcli.media.codecs import libopus
from sipcli.media.codecs.opus import OpusDecoder
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.jitter_buffer.jitter_buffer import MAX_PACKETS
from sipcli.media.pcm import FRAME_S, Pcm
from sipcli.media.rtp.extension import OneOf
from sipcli.media.rtp.packet import RtpPacket, build, parse
from sipcli.media.rtp.red import RedBlock
from sipcli.media.rtp.red import build as build_red
from sipcli.media.session.inbound import InboundAudio, InboundFormats
from sipcli.media.session.outbound import OutboundAudio
from tests.media.call import PAYLOAD_TYPE, inbound, outbound
from tests.media.codecs.tone import frames, voice
from tests.media.session.ends import connected
from tests.sip_entries import recorded_in

RED_TYPE = 63
SOUND = bytes(160)


class Listener:
    """A receiver that is fed packets by hand, a frame of 20 ms at a time, and plays along."""

    def __init__(self, receiver: InboundAudio, sender: OutboundAudio) -> None:
        self.receiver = receiver
        self.sender = sender
        self.sound: Iterator[Pcm] = repeat(Tone(440.0).frame())
        self.now = 1.0

    def send(self) -> bytes:
        """The next packet of the sender."""
        (data,) = self.sender.packetize(next(self.sound), self.now)
        return data

    def take(self, *packets: bytes) -> list[str | None]:
        """The remarks on packets that arrive now; then 20 ms pass."""
        remarks = [self.receiver.on_rtp(data, self.now) for data in packets]
        self.receiver.read(self.now + 0.01)
        self.now += FRAME_S
        return remarks

    def flow(self, frames: int) -> Iterator[str | None]:
        """The remarks on packets that all arrive in time."""
        for _ in range(frames):
            yield from self.take(self.send())


def listener(codec: Codec = PCMU, opus: OpusSettings | None = None) -> Listener:
    return Listener(inbound(codec), outbound(codec, opus))


@pytest.mark.parametrize("codec", CODECS.values(), ids=list(CODECS))
def test_nothing_is_worth_a_note_where_all_is_well(codec: Codec) -> None:
    assert set(listener(codec).flow(100)) == {None}


def test_a_gap_is_noted_on_the_packet_after_it() -> None:
    call = listener()
    list(call.flow(20))
    call.send()
    assert call.take(call.send()) == ["1 packet missing before it"]
    for _ in range(3):
        call.send()
    assert call.take(call.send()) == ["3 packets missing before it"]
    assert set(call.flow(20)) == {None}


def test_a_late_packet_is_noted_with_its_lateness_and_what_was_played() -> None:
    call = listener()
    list(call.flow(50))
    late = call.send()
    list(call.flow(6))
    (remark,) = call.take(late)
    found = re.fullmatch(r"out of order; late by (\d+) ms, concealed", remark or "")
    assert found
    waited_ms = 6 * 20 - call.receiver.jitter_buffer.delay_s * 1000
    assert int(found[1]) == pytest.approx(waited_ms, abs=15)
    assert call.receiver.jitter_buffer.counts.late == 1


def test_a_duplicate_is_noted() -> None:
    call = listener()
    list(call.flow(20))
    data = call.send()
    assert call.take(data, data) == [None, "a duplicate"]


def test_what_is_not_rtp_is_noted() -> None:
    call = listener()
    list(call.flow(5))
    assert call.take(b"\x00" * 40) == ["not RTP"]


def test_another_source_is_noted_and_when_it_is_played() -> None:
    call, other = listener(), outbound(PCMU, ssrc=9)
    list(call.flow(20))
    stray, next_ = (other.packetize(Tone(440.0).frame(), call.now)[0] for _ in range(2))
    assert call.take(call.send(), stray) == [
        None,
        "from another source (SSRC 0x00000009), not played",
    ]
    assert call.take(next_) == ["from another source than before, which is played from here on"]


def test_another_medium_and_a_number_out_of_line_are_noted() -> None:
    call = listener()
    list(call.flow(20))
    call.receiver.receiver.announce(frozenset(), OneOf(1, frozenset({b"v"})))
    packet = parse(call.send())
    assert packet is not None
    video = packet._replace(extension=b"\xbe\xde\x00\x01\x10v\x00\x00")
    assert call.take(build(video)) == ["of another medium, by its MID"]
    far = [packet._replace(sequence=packet.sequence - 20_000 + n & 0xFFFF) for n in (0, 1)]
    assert call.take(*map(build, far)) == [
        "far from all others by its sequence number",
        "the sequence numbers start again",
    ]


def test_an_unknown_payload_type_is_noted() -> None:
    call = listener()
    list(call.flow(5))
    packet = parse(call.send())
    assert packet is not None
    odd = packet._replace(payload_type=99)
    assert call.take(build(odd)) == ["payload type 99 was not agreed"]


def test_sound_that_does_not_decode_is_noted() -> None:
    call = listener(OPUS)
    list(call.flow(5))
    packet = parse(call.send())
    assert packet is not None
    assert call.take(build(packet._replace(payload=b"\xff\xff"))) == ["not decodable"]


def test_dropped_packets_are_noted_on_the_one_that_was_too_many() -> None:
    call = listener()
    list(call.flow(5))
    remarks = call.take(*(call.send() for _ in range(MAX_PACKETS)))
    assert "too many packets wait: the oldest 1 are dropped" in remarks


def test_frames_recovered_from_copies_are_noted() -> None:
    formats = InboundFormats({PAYLOAD_TYPE: PCMU}, red=frozenset({RED_TYPE}))
    receiver = InboundAudio(formats)

    def packet(number: int, *older: int) -> bytes:
        blocks = (
            *(RedBlock(PAYLOAD_TYPE, 160 * (number - each), SOUND) for each in older),
            RedBlock(PAYLOAD_TYPE, 0, SOUND),
        )
        return build(RtpPacket(RED_TYPE, number, 160 * number, 7, build_red(blocks)))

    assert receiver.on_rtp(packet(0), 1.0) is None
    assert receiver.on_rtp(packet(1, 0), 1.02) is None
    remark = receiver.on_rtp(packet(4, 2, 3), 1.08)
    assert remark == "2 packets missing before it; 2 recovered from copies (RED)"
    assert receiver.on_rtp(packet(3), 1.081) == "out of order; its sound was there already"


def test_forward_error_correction_is_noted_and_that_a_late_packet_was_not_missed() -> None:
    call = listener(OPUS, OpusSettings())
    call.sound = cycle(frames(voice(2.0)))
    call.sender._encoder.expect_loss(20)  # noqa: SLF001 - as after a report of losses
    list(call.flow(60))
    library = libopus.load()
    assert library is not None
    decoder = OpusDecoder(library)
    late, following = call.send(), call.send()
    while not decoder.has_fec(following[12:]):
        call.take(late)
        late, following = following, call.send()
    assert call.take(following) == ["1 packet missing before it; it has FEC for the last one"]
    list(call.flow(10))
    (remark,) = call.take(late)
    assert call.receiver.jitter_buffer.counts.recovered > 0
    assert re.fullmatch(r"out of order; late by \d+ ms, recovered \(FEC\)", remark or "")


def test_remarks_do_not_change_what_is_played() -> None:
    """Noise on the way: each packet is late, lost or doubled at random; nothing may raise."""
    draw = random.Random(3)
    call = listener()
    waiting: list[tuple[float, bytes]] = []
    for _ in range(500):
        data = call.send()
        for _ in range(draw.choice((0, 1, 1, 1, 2))):
            waiting.append((call.now + draw.choice((0.0, 0.0, 0.05, 0.2)), data))
        due = [data for when, data in waiting if when <= call.now]
        waiting = [each for each in waiting if each[0] > call.now]
        call.take(*due)
    counts = call.receiver.jitter_buffer.counts
    assert counts.late > 0
    assert counts.played > 0


@pytest.mark.virtual_time
async def test_remarks_are_recorded_with_their_packets() -> None:
    async with connected() as (alice, bob):
        told = recorded_in(bob.journal, PacketEntry)
        await bob.hears(20)
        alice.session._transport.send_rtp(  # noqa: SLF001 - a far end that sends something odd
            build(RtpPacket(0, 1, 0, 9, SOUND))
        )
        await bob.hears(20)
        remarks = [each.remark for each in told if each.direction == "received"]
        assert remarks.count(None) == len(remarks) - 1 > 30
        assert "from another source (SSRC 0x00000009), not played" in remarks
