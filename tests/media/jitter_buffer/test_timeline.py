"""Where each packet's sound belongs."""

import pytest

from sipcli.media.jitter_buffer.delay_estimator import DelayEstimator
from sipcli.media.jitter_buffer.timeline import Timeline
from sipcli.media.pcm import FRAME, RATE
from sipcli.media.rtp.packet import RtpPacket


class Placed:
    """A timeline, with packets of 20 ms that come 30 ms after they are sent."""

    def __init__(self) -> None:
        self.delays = DelayEstimator()
        self.timeline = Timeline(self.delays)

    def place(
        self, sequence: int, timestamp: int, now: float, ssrc: int = 1, scale: int = 1
    ) -> int | None:
        packet = RtpPacket(96, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, ssrc, b"x")
        position = self.timeline.place(packet, scale, FRAME, now)
        if position is not None:
            self.delays.add(now - position / RATE)
        return position

    def even(self, count: int, sequence: int = 0, timestamp: int = 0) -> None:
        for n in range(count):
            at = self.place(sequence + n, timestamp + n * FRAME, n * 0.020 + 0.030)
            assert at == n * FRAME


@pytest.mark.parametrize(
    ("sequence", "timestamp"), [(0, 0), (65_530, 0xFFFF_FFF0), (7, 0x8000_0000)]
)
def test_positions_begin_at_0_and_know_no_wrap(sequence: int, timestamp: int) -> None:
    placed = Placed()
    placed.even(200, sequence, timestamp)
    assert placed.timeline.stretch == 0


def test_packets_are_placed_by_their_timestamps_and_not_by_counting() -> None:
    placed = Placed()
    placed.even(10)
    assert placed.place(25, 10 * FRAME, 0.230) == 10 * FRAME
    assert placed.place(26, 60 * FRAME, 1.230) == 60 * FRAME
    assert placed.timeline.stretch == 0


def test_an_earlier_packet_has_its_place_among_the_later_ones() -> None:
    placed = Placed()
    placed.even(10)
    placed.place(11, 11 * FRAME, 0.250)
    assert placed.place(10, 10 * FRAME, 0.251) == 10 * FRAME
    assert placed.place(12, 12 * FRAME, 0.270) == 12 * FRAME


def test_the_clocks_scale_counts() -> None:
    placed = Placed()
    placed.place(0, 0, 0.030, scale=6)
    assert placed.place(1, 160, 0.050, scale=6) == FRAME


JUMPS = {
    "source": {"sequence": 10, "timestamp": 10 * FRAME, "ssrc": 2},
    "clock": {"sequence": 10, "timestamp": 10 * FRAME, "scale": 6},
    "sequence": {"sequence": 30_000, "timestamp": 10 * FRAME},
    "timestamp back": {"sequence": 10, "timestamp": 9 * FRAME},
    "timestamp forward": {"sequence": 10, "timestamp": 16 * FRAME},
}


@pytest.mark.parametrize("jump", JUMPS.values(), ids=list(JUMPS))
def test_a_new_stretch_begins_at_the_end_of_the_old_one(jump: dict[str, int]) -> None:
    placed = Placed()
    placed.even(10)
    assert placed.place(now=0.240, **jump) == 10 * FRAME
    assert placed.timeline.stretch == 1


def test_a_new_stretch_that_comes_later_begins_when_it_comes() -> None:
    placed = Placed()
    placed.even(10)
    assert placed.place(5, 5, 3.030, ssrc=2) == pytest.approx(3 * RATE, abs=1)


def test_a_new_stretch_never_begins_before_the_end_of_the_old_one() -> None:
    placed = Placed()
    placed.even(10)
    for n in range(10, 30):  # a burst
        placed.place(n, n * FRAME, 0.230)
    assert placed.place(5, 5, 0.231, ssrc=2) == 30 * FRAME


def test_late_packets_are_no_jump() -> None:
    placed = Placed()
    placed.even(10)
    for n in range(10, 60):
        assert placed.place(n, n * FRAME, 1.230 + n * 1e-4) == n * FRAME
    assert placed.timeline.stretch == 0


@pytest.mark.parametrize("steps", [0, -1, -5, -90])
def test_an_older_packet_has_its_place_before_the_newest(steps: int) -> None:
    placed = Placed()
    placed.even(10)
    at = 9 + max(steps, -5)
    assert placed.place(9 + steps, at * FRAME, 0.240) == at * FRAME


@pytest.mark.parametrize("ahead", [-RATE * 3600, -RATE - 1, 0, 1, FRAME, RATE * 3600, 1 << 31])
def test_an_older_packet_that_cannot_be_so_old_has_no_place(ahead: int) -> None:
    placed = Placed()
    placed.even(10)
    assert placed.place(4, 9 * FRAME + ahead, 0.240) is None
    assert placed.place(10, 10 * FRAME, 0.250) == 10 * FRAME
    assert placed.timeline.stretch == 0
