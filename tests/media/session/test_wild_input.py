"""Wild RTP and RTCP, after SRTP has let it pass: it costs the packet, and nothing else."""

import gc
import random
import sys
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipcli.catalog.codecs import OPUS, PCMU
from sipcli.media.audio_io.tones import Tone
from sipcli.media.codecs.codec import make_encoder
from sipcli.media.pcm import FRAME_S, Pcm
from sipcli.media.quality.tone_meter import ToneMeter
from sipcli.media.rtp import rtcp
from sipcli.media.rtp.packet import RtpPacket, build
from sipcli.media.rtp.rtcp import Goodbye, ReportBlock, SenderReport
from sipcli.media.session.audio_stream import AudioStream, RandomValues, StreamOutputs
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiation import Negotiation
from tests.media.session.ends import Mute
from tests.sdp.ends import answering, audio, sdp

pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests

OPUS_TYPE, PCMU_TYPE, NOISE_TYPE, EVENT_TYPE, RED_TYPE, UNKNOWN_TYPE = 111, 0, 13, 101, 63, 77
TYPES = (OPUS_TYPE, PCMU_TYPE, NOISE_TYPE, EVENT_TYPE, RED_TYPE, UNKNOWN_TYPE)
OUR_SSRC, THEIR_SSRC, LATER_SSRC = 5, 7, 6
WARMING_UP = 30
LONGEST_DELAY_MS = 600.0
"""Half a second may be waiting, and a frame and a half is under way besides."""


class Heard:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.frames: list[Pcm] = []

    def write(self, frame: Pcm) -> None:
        self.frames.append(frame)

    def close(self) -> None:
        """Nothing to release."""


def stream(sink: Heard) -> AudioStream:
    """One that has agreed on all that can be agreed on."""
    lines = (
        f"a=rtpmap:{RED_TYPE} red/48000/2",
        f"a=fmtp:{RED_TYPE} 111/111",
        f"a=rtpmap:{NOISE_TYPE} CN/8000",
        f"a=rtpmap:{EVENT_TYPE} telephone-event/48000",
        "a=rtpmap:111 opus/48000/2",
    )
    types = " ".join(str(each) for each in TYPES[:-1])
    offer = sdp(audio(*lines, line=f"m=audio 5000 UDP/TLS/RTP/SAVPF {types}"))
    wire = StreamOutputs(
        send_rtp=lambda _: None,
        send_rtcp=lambda _: None,
        on_digit_sent=lambda _: None,
        on_digit_received=lambda _: None,
        on_ssrc=lambda _: None,
    )
    chance = RandomValues(ssrc=OUR_SSRC, sequence=9, timestamp=9, cname="us", draw=lambda: 0.5)
    made = AudioStream(Mute(), sink, (), wire, chance, wall_clock=1e9)
    made.agree(answering(Negotiation(10, Preferences(red=True)), offer)[1])
    return made


class Talker:
    """Says a tone, in PCMU or Opus, one packet a frame. Its numbers wrap within a second."""

    def __init__(self, payload_type: int = OPUS_TYPE) -> None:
        codec = OPUS if payload_type == OPUS_TYPE else PCMU
        self._encoder, self._tone = make_encoder(codec), Tone(440.0)
        self._step = codec.clock_rate // 50
        self.next = RtpPacket(payload_type, 65_520, 0xFFFF_E000, THEIR_SSRC, b"")
        """What the next packet is, but for its payload."""

    def say(self) -> RtpPacket:
        packet = self.next._replace(payload=self._encoder.encode(self._tone.frame()))
        self.skip_number()
        timestamp = (self.next.timestamp + self._step) & 0xFFFF_FFFF
        self.next = self.next._replace(timestamp=timestamp)
        return packet

    def skip_number(self) -> None:
        """Let something else have the next sequence number."""
        self.next = self.next._replace(sequence=(self.next.sequence + 1) & 0xFFFF)


def listen(ear: AudioStream, frames: int, talker: Talker, begin: int = 0) -> None:
    """Let the stream hear so many packets, each in time, from frame `begin` on."""
    for n in range(begin, begin + frames):
        ear.on_rtp(build(talker.say()), n * FRAME_S)
        ear.tick(n * FRAME_S + 0.005)


def hears_a_tone(ear: AudioStream, sink: Heard, begin: int) -> bool:
    """Whether it hears a talker who comes after all that was wild, from another source.

    Another, since a source that takes its numbers back by less than 100 is taken at its word: such
    packets are old ones, for two seconds.
    """
    talker = Talker(PCMU_TYPE)
    talker.next = talker.next._replace(ssrc=LATER_SSRC)
    listen(ear, 150, talker, begin)
    meter = ToneMeter()
    for pcm in sink.frames[-75:]:
        meter.add(pcm)
    return meter.seconds(440.0) > 1.4


# What is no part of the stream


def foreign(kind: str, draw: random.Random, now: RtpPacket, past: list[RtpPacket]) -> bytes:
    """A packet that was never meant to be heard, between those that are."""
    match kind:
        case "replayed":
            return build(draw.choice(past))
        case "other source":
            return build(
                now._replace(ssrc=draw.randrange(8, 2**32), sequence=draw.randrange(2**16))
            )
        case "far number":
            far = (now.sequence + draw.randrange(4000, 60_000)) & 0xFFFF
            return build(now._replace(sequence=far, payload=draw.randbytes(1500)))
        case "cut off":
            return build(now)[: draw.randrange(12)]
        case "wrong version":
            return bytes([draw.randrange(128)]) + build(now)[1:]
        case _:  # padding longer than the packet
            return bytes([0xA0]) + build(now._replace(payload=b"\xff" * 20))[1:]


FOREIGN = ("replayed", "other source", "far number", "cut off", "wrong version", "bad padding")


@pytest.mark.parametrize("payload_type", [OPUS_TYPE, PCMU_TYPE])
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(FOREIGN), max_size=3), min_size=1, max_size=40),
    st.integers(0, 1000),
)
def test_what_is_not_of_the_stream_changes_no_sample_of_it(
    payload_type: int, between: list[list[str]], seed: int
) -> None:
    plain, disturbed = Heard(), Heard()
    listen(stream(plain), len(between), Talker(payload_type))
    ear, talker, draw = stream(disturbed), Talker(payload_type), random.Random(seed)
    said: list[RtpPacket] = []
    for n, kinds in enumerate(between):
        said.append(talker.say())
        ear.on_rtp(build(said[-1]), n * FRAME_S)
        for kind in kinds:
            ear.on_rtp(foreign(kind, draw, said[-1], said), n * FRAME_S)
        ear.tick(n * FRAME_S + 0.005)
    assert all(np.array_equal(a, b) for a, b in zip(plain.frames, disturbed.frames, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["padding", "unknown", "event", None]), min_size=1, max_size=40))
def test_what_has_a_number_and_no_sound_changes_no_sample(between: list[str | None]) -> None:
    """Chromium pads under loss: the type of the sound, the timestamp of the packet before."""
    plain, disturbed = Heard(), Heard()
    listen(stream(plain), len(between), Talker())
    ear, talker = stream(disturbed), Talker()
    for n, kind in enumerate(between):
        said = talker.say()
        ear.on_rtp(build(said), n * FRAME_S)
        if kind is not None:
            payload_type = {"unknown": UNKNOWN_TYPE, "event": EVENT_TYPE}.get(kind, OPUS_TYPE)
            payload = b"" if kind == "padding" else b"\x20\x0a\x03\xc0" * 40
            extra = said._replace(
                payload_type=payload_type,
                sequence=talker.next.sequence,
                payload=payload,
            )
            talker.skip_number()
            data = build(extra)
            if kind == "padding":  # the P bit, and 255 bytes of it
                data = bytes([data[0] | 0x20]) + data[1:] + bytes(254) + b"\xff"
            ear.on_rtp(data, n * FRAME_S)
        ear.tick(n * FRAME_S + 0.005)
    assert all(np.array_equal(a, b) for a, b in zip(plain.frames, disturbed.frames, strict=True))


# What could be


numbers = st.integers(0, 0xFFFF) | st.integers(0, 30)
payloads = st.binary(max_size=8) | st.sampled_from([b"", b"\x00", b"\x78" * 60, b"\xd5" * 1500])
packets = st.builds(
    RtpPacket,
    payload_type=st.sampled_from(TYPES),
    sequence=numbers,
    timestamp=st.integers(0, 0xFFFF_FFFF) | numbers.map(lambda n: n * 960),
    ssrc=st.sampled_from([THEIR_SSRC, THEIR_SSRC, THEIR_SSRC, 8]),
    payload=payloads,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(packets, st.integers(0, 2)), max_size=60))
def test_whatever_the_far_end_sends_its_sound_is_heard_again(
    sent: list[tuple[RtpPacket, int]],
) -> None:
    """Jumps of numbers, times and sources; any length; known and unknown payload types."""
    sink = Heard()
    ear, frames = stream(sink), 0
    for packet, ticks in sent:
        ear.on_rtp(build(packet), frames * FRAME_S)
        for _ in range(ticks):
            ear.tick(frames * FRAME_S + 0.005)
            frames += 1
    assert len(sink.frames) == frames
    assert hears_a_tone(ear, sink, frames)
    stats = ear.statistics()
    assert stats is not None
    assert stats.playout_delay_ms < LONGEST_DELAY_MS


def reports() -> bytes:
    """A compound packet such as a far end sends."""
    block = ReportBlock(OUR_SSRC, 0.1, 7, 65_000, 100, 0, 0)
    report = SenderReport(THEIR_SSRC, 1 << 40, 5, 100, 9000, (block,))
    return rtcp.build((report, Goodbye((THEIR_SSRC,))))


@st.composite
def damaged_reports(draw: st.DrawFn) -> bytes:
    """One with some bytes changed, cut off, or with something behind it."""
    data = bytearray(reports())
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)))):
        data[at] = value
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=40))


@settings(max_examples=60, deadline=None)
@given(st.lists(damaged_reports() | st.binary(max_size=200), max_size=20))
def test_no_rtcp_changes_what_is_heard(sent: list[bytes]) -> None:
    plain, disturbed = Heard(), Heard()
    listen(stream(plain), WARMING_UP, Talker(PCMU_TYPE))
    ear, talker = stream(disturbed), Talker(PCMU_TYPE)
    for n in range(WARMING_UP):
        if n < len(sent):
            ear.on_rtcp(sent[n], n * FRAME_S)
        listen(ear, 1, talker, n)
    assert all(np.array_equal(a, b) for a, b in zip(plain.frames, disturbed.frames, strict=True))
    assert ear.statistics() is not None


# For as long as one likes


def wild(seed: int) -> Iterator[bytes]:
    """No end of packets, half of them such as the far end might well send."""
    draw, talker = random.Random(seed), Talker(PCMU_TYPE)
    while True:
        good = talker.say()
        match draw.randrange(8):
            case 0:
                yield build(good._replace(sequence=draw.randrange(2**16)))
            case 1:
                yield build(good._replace(timestamp=draw.randrange(2**32)))
            case 2:
                yield build(good._replace(ssrc=draw.randrange(2**32)))
            case 3:
                body = draw.randbytes(draw.choice((1, 2, 60, 1500)))
                yield build(good._replace(payload_type=draw.choice(TYPES), payload=body))
            case _:
                yield build(good)


def test_no_amount_of_it_takes_memory_or_delay() -> None:
    sink = Heard()
    ear, source, frames = stream(sink), wild(6), 0

    def take(count: int) -> int:
        nonlocal frames
        for _ in range(count):
            ear.on_rtp(next(source), frames * FRAME_S)
            ear.on_rtcp(reports(), frames * FRAME_S)
            ear.tick(frames * FRAME_S + 0.005)
            sink.frames.clear()
            frames += 1
        gc.collect()
        return sys.getallocatedblocks()

    # The count is that of the whole process, which may grow once for another reason (a cache). What
    # leaks grows in each stretch.
    counts = [take(1000)] + [take(4000) for _ in range(3)]
    assert min(later - earlier for earlier, later in pairwise(counts)) < 500, counts
    stats = ear.statistics()
    assert stats is not None
    assert stats.playout_delay_ms < LONGEST_DELAY_MS
    assert hears_a_tone(ear, sink, frames)
