"""What the sound of a call costs: each codec, and the whole way of a frame in both directions.

CPU time of one core, microseconds for each frame of 20 ms; the median of the rounds, in each of
which every case is timed once, so that a busy machine slows all of them alike. No sockets, no
encryption: scripts/bench_transport.py measures those. Exit code 0 whatever the figures are.
"""

import statistics
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from time import process_time

import numpy as np

from sipcli.catalog.codecs import CODECS, OPUS, Codec
from sipcli.media.codecs.codec import make_decoder, make_encoder
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm
from sipcli.media.rtp.packet import build, parse
from sipcli.media.session.inbound import InboundAudio, InboundFormats
from sipcli.media.session.outbound import OutboundAudio, OutboundFormats

ROUNDS = 11
FRAMES = 250
"""In a round: five seconds of sound."""
SECONDS = 4
PAYLOAD_TYPE = 96
FRAMES_PER_SECOND = 50

Case = Callable[[], object]


def voice() -> list[Pcm]:
    """Frames of something that is as hard on a codec as speech: a moving pitch, and breath."""
    t = np.arange(SECONDS * RATE) / RATE
    pitch = 2 * np.pi * (140 * t + 30 / 7 * np.sin(7 * t))
    tone = np.sum([np.sin(n * pitch) / n for n in range(1, 20)], axis=0)
    breath = np.random.default_rng(6).standard_normal(len(t)) * 0.15
    wave = (tone + breath) * (0.6 + 0.4 * np.sin(25 * t)) * 5000
    return list(wave.astype(np.int16).reshape(-1, FRAME))


SPEECH = voice()


def codec_cases(codec: Codec) -> Iterator[tuple[str, Case]]:
    """Encoding, decoding and concealing with one codec."""
    encoder, decoder, concealer = make_encoder(codec), make_decoder(codec), make_decoder(codec)
    frames = cycle(SPEECH)
    yield f"{codec.name}: encode", lambda: encoder.encode(next(frames))
    maker = make_encoder(codec)
    maker.expect_loss(10.0 if codec == OPUS else 0.0)
    made = [maker.encode(frame) for frame in SPEECH]
    payloads, others = cycle(made), cycle(made)
    yield f"{codec.name}: decode", lambda: decoder.decode(next(payloads))

    def lose() -> None:
        concealer.decode(next(others))
        concealer.conceal(FRAME)

    yield f"{codec.name}: decode one, conceal one", lose
    if codec == OPUS:
        fec = make_decoder(codec)
        redundant = cycle(made)
        yield "opus: decode FEC", lambda: fec.decode_fec(next(redundant), FRAME)


def opus_case(complexity: int) -> tuple[str, Case]:
    """Encoding with FEC, which also makes Opus choose its speech coder, the costlier one."""
    encoder, frames = make_encoder(OPUS, OpusSettings(complexity=complexity)), cycle(SPEECH)
    encoder.expect_loss(10.0)
    return f"opus: encode with FEC, complexity {complexity}", lambda: encoder.encode(next(frames))


class Call:
    """Both directions of one call, as its timer drives them."""

    def __init__(self, codec: Codec) -> None:
        self._frames = cycle(SPEECH)
        self._outbound = OutboundAudio(
            OutboundFormats(codec, PAYLOAD_TYPE), ssrc=1, sequence=0, timestamp=0
        )
        self._inbound = InboundAudio(InboundFormats({PAYLOAD_TYPE: codec}))
        self._now = 0.0

    def tick(self) -> None:
        """A frame out, and the same frame in."""
        self._now += FRAME_S
        for data in self._outbound.packetize(next(self._frames), self._now):
            self._inbound.on_rtp(data, self._now + 0.005)
        self._inbound.read(self._now + 0.010)


def rtp_case() -> tuple[str, Case]:
    """The header alone."""
    outbound = OutboundAudio(OutboundFormats(CODECS["pcmu"], 0), ssrc=1, sequence=0, timestamp=0)
    (data,) = outbound.packetize(SPEECH[0], 0.0)
    packet = parse(data)
    if packet is None:
        raise ValueError("what was sent is no RTP")
    return "rtp: read and write a packet", lambda: (parse(data), build(packet))


def measure(case: Case) -> float:
    """Microseconds of CPU for each call."""
    begin = process_time()
    for _ in range(FRAMES):
        case()
    return (process_time() - begin) / FRAMES * 1e6


def main() -> int:
    """Print a line for each case."""
    cases = [case for codec in CODECS.values() for case in codec_cases(codec)]
    cases += [opus_case(complexity) for complexity in (3, 5, 8, 10)]
    cases.append(rtp_case())
    calls = {codec.name: Call(codec) for codec in CODECS.values()}
    cases += [
        (f"{name}: a frame both ways, RTP and all", call.tick) for name, call in calls.items()
    ]
    figures: dict[str, list[float]] = {name: [] for name, _ in cases}
    for _ in range(ROUNDS):
        for name, case in cases:
            figures[name].append(measure(case))
    for name, found in figures.items():
        microseconds = statistics.median(found)
        share = microseconds * FRAMES_PER_SECOND / 1e6
        sys.stdout.write(
            f"{name:38} {microseconds:7.1f} µs  {share:6.2%} of a core at 50 a second\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
