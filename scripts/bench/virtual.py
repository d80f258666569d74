"""A call in virtual time: both ends' real sender, receiver and playout, and nothing between.

There are no sockets, no encryption and no waiting: a minute takes a second or two, and the
same seed gives the same call.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Final

from scripts.bench.network import CLEAN, Impairment, Lane
from scripts.bench.track import Log, Track
from sipcli.media.pcm import FRAME, FRAME_S, Pcm, silence
from sipcli.media.session.audio_stream import AudioStream, RandomValues, StreamOutputs
from sipcli.media.session.statistics import Statistics
from sipcli.sdp.description import Direction
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiation import Negotiation
from sipcli.sdp.transport import Candidate, CandidateType, Fingerprint, LocalTransport
from sipcli.sdp.validation import Refused

_NEARNESS_S: Final = 0.001
"""What the shortest way takes."""
_START: Final = 1000.0


@dataclass(frozen=True, slots=True)
class VirtualCall:
    """What was said at one end, what was heard at the other, and the other's figures."""

    spoken: Track
    heard: Track
    statistics: Statistics


class Mouth:
    """A source that says its piece once, and then nothing."""

    def __init__(self, pcm: Pcm, now: Callable[[], float], log: Log | None) -> None:
        self._frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME)
        self._next = 0
        self._now = now
        self._log = log
        self.ended = False

    def read(self) -> Pcm:
        """The next frame; its last sample has been heard by the microphone just now."""
        self.ended = self._next >= len(self._frames)
        frame = silence(FRAME) if self.ended else self._frames[self._next]
        self._next += 1
        if self._log is not None:
            self._log.put(frame, self._now() - FRAME_S)
        return frame

    def close(self) -> None:
        """Nothing is held."""


class Ear:
    """A sink that remembers."""

    def __init__(self, now: Callable[[], float], log: Log) -> None:
        self._now = now
        self._log = log

    def write(self, frame: Pcm) -> None:
        """Its first sample is heard just now."""
        self._log.put(frame, self._now())

    def close(self) -> None:
        """Nothing is held."""


class _Events:
    """What is to happen, in order."""

    def __init__(self) -> None:
        self.now = _START
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._numbers), what))

    def run_until(self, end: float) -> None:
        while self._queue and self._queue[0][0] < end:
            self.now, _, what = heapq.heappop(self._queue)
            what()


class _End:
    """One end of the call."""

    def __init__(self, events: _Events, pcm: Pcm, draw: random.Random) -> None:
        self.spoken, self.heard = Log(), Log()
        self.events = events
        self.lane = Lane(CLEAN, draw.getrandbits(32))
        self.other: _End | None = None
        self.stream = AudioStream(
            Mouth(pcm, lambda: events.now, self.spoken),
            Ear(lambda: events.now, self.heard),
            (),
            StreamOutputs(
                send_rtp=partial(self._send, is_rtcp=False),
                send_rtcp=partial(self._send, is_rtcp=True),
                on_digit_sent=lambda _: None,
                on_digit_received=lambda _: None,
                on_ssrc=lambda _: None,
            ),
            RandomValues(
                ssrc=draw.getrandbits(32),
                sequence=draw.getrandbits(15),
                timestamp=draw.getrandbits(32),
                cname="virtual",
                draw=draw.random,
            ),
            wall_clock=1.7e9,
        )
        events.at(_START + draw.random() * FRAME_S, self._tick)

    def _tick(self) -> None:
        now = self.events.now
        self.events.at(now + FRAME_S, self._tick)
        self.stream.tick(now)

    def _send(self, data: bytes, *, is_rtcp: bool) -> None:
        arrival = self.lane.arrival(self.events.now + _NEARNESS_S)
        if arrival is not None and self.other is not None:
            self.events.at(arrival, partial(self.other.receive, data, is_rtcp=is_rtcp))

    def receive(self, data: bytes, *, is_rtcp: bool) -> None:
        """Something has come from the other end."""
        receive = self.stream.on_rtcp if is_rtcp else self.stream.on_rtp
        receive(data, self.events.now)


def call(codec: str, pcm: Pcm, impairment: Impairment, seed: int) -> tuple[VirtualCall, ...]:
    """Both directions of a call in which both say `pcm`, a moment of silence after it.

    `codec` is a name of the setting `codecs`.
    """
    draw = random.Random(seed)
    events = _Events()
    ends = _End(events, pcm, draw), _End(events, pcm, draw)
    _agree(codec, *(end.stream for end in ends))
    for end, other in (ends, ends[::-1]):
        end.other = other
        end.lane.impairment = impairment
    events.run_until(_START + len(pcm) / FRAME * FRAME_S + 1)
    return tuple(
        VirtualCall(speaker.spoken.track(), hearer.heard.track(), _figures(hearer.stream))
        for speaker, hearer in (ends, ends[::-1])
    )


def _figures(stream: AudioStream) -> Statistics:
    found = stream.statistics()
    if found is None:
        raise ValueError("nothing was agreed")
    return found


def _agree(codec: str, offerer: AudioStream, answerer: AudioStream) -> None:
    """Offer and answer as on a real call; only the addresses lead nowhere."""
    preferences = Preferences(codecs=(codec,), own_order=True, red=True)
    here, there = Negotiation(1, preferences), Negotiation(2, preferences)
    offer = here.create_offer(_address(1), Direction.SENDRECV)
    refused = there.receive_offer(offer)
    if isinstance(refused, Refused):
        raise ValueError(refused.text)
    answer, theirs = there.create_answer(_address(2), Direction.SENDRECV)
    ours = here.receive_answer(answer)
    if isinstance(ours, Refused):
        raise ValueError(ours.text)
    offerer.agree(ours)
    answerer.agree(theirs)


def _address(number: int) -> LocalTransport:
    candidate = Candidate(
        foundation="1",
        component=1,
        protocol="udp",
        priority=1,
        address=f"192.0.2.{number}",
        port=9000,
        type=CandidateType.HOST,
    )
    return LocalTransport(
        ufrag="abcd",
        pwd="0123456789abcdef0123456789",
        candidates=(candidate,),
        fingerprint=Fingerprint("sha-256", ":".join(["AB"] * 32)),
    )
