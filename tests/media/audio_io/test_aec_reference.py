"""How the loudspeaker's sound is kept in step with the microphone's: offsets, rings, lost time."""

from itertools import pairwise

import numpy as np
import pytest

from sipcli.media.audio_io.aec_reference import AecReference, ClockOffset
from sipcli.media.audio_io.device_pool import DevicePool
from sipcli.media.audio_io.rings import CaptureRing, PlaybackRing
from sipcli.media.pcm import FRAME, RATE
from tests.media.audio_io.conftest import Clock, Plug
from tests.media.audio_io.fake_sounddevice import FakeDevice
from tests.waiting import until

_BLOCK = RATE // 100
_SECOND = 50
"""Frames."""


def test_an_offset_does_not_follow_the_jitter_of_callbacks() -> None:
    random = np.random.default_rng(1)
    offset = ClockOffset()
    offset.update(0.5)
    given = {offset.update(0.5 + random.uniform(-0.004, 0.004)) for _ in range(60 * _SECOND)}
    assert given == {0.5}


def test_an_offset_follows_a_clock_that_drifts_without_a_leap() -> None:
    random = np.random.default_rng(1)
    offset, drift = ClockOffset(), 200e-6
    errors, given = [], []
    for frame in range(240 * _SECOND):
        true = 3.0 + frame * 0.02 * drift
        given.append(offset.update(true + random.uniform(-0.004, 0.004)))
        errors.append(given[-1] - true)
    assert max(map(abs, errors)) < 0.009
    assert max(abs(b - a) for a, b in pairwise(given)) < 1.01 / RATE


@pytest.mark.parametrize("late", [0.010, -0.010])
def test_a_first_reading_that_was_off_is_made_good(late: float) -> None:
    offset = ClockOffset()
    offset.update(late)
    given = [offset.update(0.0) for _ in range(60 * _SECOND)]
    assert abs(given[-1]) <= 0.008


def test_a_device_that_stood_still_is_caught_up_with_at_once() -> None:
    offset = ClockOffset()
    for _ in range(3 * _SECOND):
        offset.update(0.0)
    given = [offset.update(-0.25) for _ in range(2 * _SECOND)]
    assert given[-1] == pytest.approx(-0.25, abs=0.0001)


def test_what_was_played_and_what_is_about_to_be_are_one_piece() -> None:
    ring = PlaybackRing(RATE, 1)
    sound = np.arange(1, 4 * _BLOCK + 1, dtype=np.int16)
    ring.mix(0, sound)
    for _ in range(3):
        ring.callback(bytearray(2 * _BLOCK), _BLOCK, None, None)
        assert np.array_equal(ring.played(0, 4 * _BLOCK), sound)
    assert not ring.played(4 * _BLOCK, _BLOCK).any()


def test_what_was_played_can_be_heard_across_the_end_of_the_ring() -> None:
    ring = PlaybackRing(RATE, 2)
    start = ring.size - 100
    for _ in range(ring.size // (2 * _BLOCK)):
        ring.callback(bytearray(4 * _BLOCK), _BLOCK, None, None)
    sound = np.arange(1, 2 * _BLOCK + 1, dtype=np.int16)
    ring.mix(ring.moved, sound)
    ring.callback(bytearray(4 * _BLOCK), _BLOCK, None, None)
    heard = ring.played(start, 300)
    assert not heard[:100].any()
    assert np.array_equal(heard[100:], sound[:200])


def test_a_ring_tells_its_time_between_two_callbacks(clock: Clock) -> None:
    clock.now = 7.0
    ring = CaptureRing(44_100, 2)
    ring.callback(bytes(4 * 441), 441, None, None)
    assert ring.clock(7.004) == pytest.approx(0.014)


def test_the_far_end_is_what_was_played_while_the_microphone_heard(
    plug: Plug, hardware: DevicePool, clock: Clock
) -> None:
    fake = plug(FakeDevice("Speaker", inputs=0))
    far_end = AecReference(hardware, "Speaker")
    microphone = CaptureRing(RATE, 1)
    until(lambda: fake.stream("Speaker") is not None)
    assert not far_end.frame(microphone, 0).any()  # nothing was played yet
    stream = fake.stream("Speaker")
    assert stream is not None
    port = hardware.acquire(*next(iter(hardware._devices)))  # noqa: SLF001 - the one that is open
    until(lambda: port.opened is not None)
    assert port.opened is not None
    ring = port.opened.ring
    assert isinstance(ring, PlaybackRing)
    sound = np.arange(1, 20 * FRAME + 1).astype(np.int16)
    ring.mix(0, sound)
    heard = []
    for number in range(15):
        for _ in range(2):
            clock.now += 0.01
            stream.play(1)
            microphone.callback(bytes(2 * _BLOCK), _BLOCK, None, None)
        heard.append(far_end.frame(microphone, number * FRAME))
    assert np.array_equal(np.concatenate(heard), sound[: 15 * FRAME])
    hardware.release(port)
    far_end.close()
