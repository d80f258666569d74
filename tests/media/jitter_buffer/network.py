"""A sender, a network and a listener in virtual time; what is heard tells which packet it was."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from struct import pack, unpack

import numpy as np

from sipcli.media.jitter_buffer.jitter_buffer import JitterBuffer
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.rtp.packet import RtpPacket

NOTHING = 0
MADE_UP = -1
TICK_S = 0.020
SHORTEST_RUN = 100
"""Samples: what is shorter is part of a seam."""
TOLD = 30_000
"""Packets until one sounds like an earlier one."""


class TellingDecoder:
    """Packet n sounds as n + 1 in all its samples; what is made up sounds as `MADE_UP`.

    With `fec`, a packet can stand in for the one before it.
    """

    def __init__(
        self,
        *,
        fec: bool = False,
        pausing: bool = False,
        looks_ahead: bool = False,
        samples: int = FRAME,
    ) -> None:
        self.pausing = pausing
        self.looks_ahead = looks_ahead
        self.known: list[bytes] = []
        """What was known to follow, each time that something was made up."""
        self.fec = fec
        self.length = samples

    def samples(self, payload: bytes) -> int:
        return self.length if len(payload) == 4 else 0

    def decode(self, payload: bytes) -> Pcm:
        return np.full(self.length, unpack("!i", payload)[0] % TOLD + 1, np.int16)

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        assert 0 < samples <= 5760
        self.known.append(following)
        return np.full(samples, MADE_UP, np.int16)

    def has_fec(self, payload: bytes) -> bool:
        return self.fec

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        assert 0 < samples <= 5760
        return np.full(samples, unpack("!i", payload)[0] % TOLD, np.int16)


@dataclass(frozen=True)
class Arrival:
    """A packet and when it comes."""

    when: float
    packet: RtpPacket


def numbered(n: int, when: float, **changes: int) -> Arrival:
    """Packet `n` of a stream at 48 kHz, which comes at `when`."""
    packet = RtpPacket(
        payload_type=96,
        sequence=changes.get("sequence", n) & 0xFFFF,
        timestamp=changes.get("timestamp", n * FRAME) & 0xFFFF_FFFF,
        ssrc=changes.get("ssrc", 1),
        payload=pack("!i", n),
    )
    return Arrival(when, packet)


SETTLED = 0.030 + 0.020 + 0.003 + 0.002 + 0.0025
"""Seconds: the network's delay, a frame, the slack of `DelayControl`, the margin of
`DelayEstimator`, and what is left where less is no seam."""


def even(first: int, end: int, lost: set[int] | None = None) -> list[Arrival]:
    """Packets that come 30 ms after they are sent, all but the `lost`."""
    return [numbered(n, n * 0.020 + 0.030) for n in range(first, end) if n not in (lost or set())]


@dataclass
class Network:
    """Loses, delays, reorders and repeats, the same way for the same seed. Times in seconds."""

    loss: float = 0.0
    delay: float = 0.030
    jitter: float = 0.0
    in_order: bool = True
    repeated: float = 0.0
    drift: float = 0.0
    """Of the sender's clock: 200e-6 runs 200 ppm slow."""
    seed: int = 1
    _draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    def carry(self, packets: Iterable[int]) -> list[Arrival]:
        """What comes of these packets, sent every 20 ms, in the order of its coming."""
        draw, last, found = self._draw, 0.0, []
        for n in packets:
            if draw.random() < self.loss:
                continue
            for _ in range(2 if draw.random() < self.repeated else 1):
                sent = n * TICK_S * (1 + self.drift)
                when = sent + self.delay + draw.uniform(-self.jitter, self.jitter)
                last = max(when, last) if self.in_order else when
                found.append(numbered(n, last))
        return sorted(found, key=lambda arrival: arrival.when)


@dataclass(frozen=True)
class Heard:
    """A frame that was played, and when it was asked for."""

    when: float
    pcm: Pcm

    @property
    def runs(self) -> list[tuple[int, int]]:
        """What sounds in it, in order: where it begins, and what it is. Seams are left out."""
        begins = [0, *(np.flatnonzero(np.diff(self.pcm)) + 1).tolist(), len(self.pcm)]
        return [
            (begin, int(self.pcm[begin]))
            for begin, end in pairwise(begins)
            if end - begin >= SHORTEST_RUN
        ]

    @property
    def values(self) -> list[int]:
        """What sounds in it, in order."""
        return [value for _, value in self.runs]


class Listener:
    """Puts arrivals into a playout and asks for a frame every 20 ms."""

    def __init__(
        self,
        decoder: TellingDecoder | None = None,
        *,
        phase: float = 0.015,
        tick: float = TICK_S,
        scale: int = 1,
    ) -> None:
        self.playout = JitterBuffer()
        self.decoder = decoder or TellingDecoder()
        self.scale = scale
        self._tick = tick
        self.clock = phase

    def listen(self, arrivals: Iterable[Arrival], until: float) -> Iterator[Heard]:
        """What is heard up to `until`."""
        coming = iter(arrivals)
        arrival = next(coming, None)
        while self.clock < until:
            while arrival is not None and arrival.when <= self.clock:
                self.put(arrival)
                arrival = next(coming, None)
            samples = round(self._tick * RATE)
            yield Heard(self.clock, self.playout.read(self.clock, samples))
            self.clock += self._tick

    def put(self, arrival: Arrival) -> None:
        """Let one packet come."""
        if arrival.packet.payload:
            self.playout.add_packet(arrival.packet, self.scale, self.decoder, arrival.when)
        else:
            self.playout.skip_packet(arrival.packet)


def delay(frame: Heard, drift: float = 0.0) -> float | None:
    """How long after its sending the packet is heard that begins in `frame`, in seconds."""
    begin, value = frame.runs[-1]
    if value <= 0:
        return None
    when = frame.when + begin / RATE
    latest = when / TICK_S / (1 + drift)
    sent = latest - (latest - (value - 1)) % TOLD  # the last one that sounds like this
    return when - sent * TICK_S * (1 + drift)


def delays(heard: Iterable[Heard], drift: float = 0.0) -> list[float]:
    """`delay` of all the frames that begin with a packet's sound."""
    return [found for frame in heard if (found := delay(frame, drift)) is not None]


def sounds(heard: Iterable[Heard]) -> list[int]:
    """The numbers of the packets that were heard, counted from 1, in order."""
    return [value for value in played(heard) if value > 0]


def played(heard: Iterable[Heard]) -> list[int]:
    """The numbers of the packets that were heard, in order, and `NOTHING` and `MADE_UP`."""
    found: list[int] = []
    for frame in heard:
        for value in frame.values:
            if not found or found[-1] != value:
                found.append(value)
    return found
