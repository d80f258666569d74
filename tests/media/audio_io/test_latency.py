"""How long sound waits between a device and a call: as short as their unrest lets it."""

from collections.abc import Callable

import numpy as np
import pytest

from sipcli.media.audio_io.device import DeviceSink, DeviceSource
from sipcli.media.audio_io.device_pool import DevicePool
from sipcli.media.audio_io.latency import LatencyControl
from tests.media.audio_io.conftest import Clock, Plug
from tests.media.audio_io.fake_sounddevice import FakeDevice
from tests.media.audio_io.timing import SECOND, Beside, never, sine_at, steepest
from tests.waiting import until

MIC = FakeDevice("Mic", outputs=0)
SPEAKER = FakeDevice("Speaker", inputs=0)
STEEPEST = steepest(sine_at(0, 48_000))

Start = Callable[..., Beside]


@pytest.fixture
def microphone(plug: Plug, hardware: DevicePool, clock: Clock) -> Start:
    """Begins a call on a microphone."""

    def start(**options: float) -> Beside:
        fake = plug(MIC)
        source = DeviceSource(hardware, "Mic", pytest.fail)
        until(lambda: source.device.opened is not None)
        stream = fake.stream("Mic")
        assert stream is not None
        return Beside(source, stream, clock, **options)  # type: ignore[arg-type]

    return start


@pytest.fixture
def loudspeaker(plug: Plug, hardware: DevicePool, clock: Clock) -> Start:
    """Begins a call on a loudspeaker."""

    def start(**options: float) -> Beside:
        fake = plug(SPEAKER)
        sink = DeviceSink(hardware, "Speaker", pytest.fail)
        until(lambda: sink.device.opened is not None)
        stream = fake.stream("Speaker")
        assert stream is not None
        return Beside(sink, stream, clock, **options)  # type: ignore[arg-type]

    return start


@pytest.fixture(params=["microphone", "loudspeaker"])
def begin(request: pytest.FixtureRequest) -> Start:
    """Begins a call on either."""
    start: Start = request.getfixturevalue(request.param)
    return start


def every(seconds: int, late: float) -> Callable[[int], float]:
    """One frame in so many seconds is late by `late` seconds."""
    return lambda number: late if number % (seconds * SECOND) == SECOND else 0.0


def jitter(most: float) -> Callable[[int], float]:
    """Each time late by something between nothing and `most` seconds, the same in each run."""
    drawn = np.random.default_rng(1).uniform(0, most, 997)
    return lambda number: float(drawn[number % len(drawn)])


def test_where_all_is_regular_hardly_anything_waits(begin: Start) -> None:
    call = begin()
    call.run(10)
    assert 0.013 < call.usual_delay(5) < 0.017  # nobody knows yet
    gaps = call.part.gaps
    call.run(30)
    assert call.usual_delay(5) < 0.004
    assert call.part.gaps == gaps


def test_where_blocks_are_late_so_much_waits_and_no_more(begin: Start) -> None:
    call = begin()
    call.block_late = jitter(0.006)
    call.run(10)
    gaps = call.part.gaps
    call.run(60)
    assert 0.004 < call.usual_delay(5) < 0.011
    assert call.part.gaps == gaps


def test_who_is_held_up_now_and_then_lacks_nothing(begin: Start) -> None:
    call = begin()
    call.disturb(every(10, 0.010))
    call.run(2)
    gaps = call.part.gaps
    call.run(120)
    assert call.part.gaps == gaps


def test_a_frame_that_came_too_late_is_the_last_for_a_while(loudspeaker: Start) -> None:
    call = loudspeaker()
    call.run(60)
    assert call.part.gaps == 0
    call.disturb(every(10, 0.010))
    call.run(11)
    assert call.part.gaps == 1
    assert call.usual_delay(1) > 0.010
    assert max(call.delays[-11 * SECOND :]) < 0.0255  # what is wanted now, and a block at most
    call.run(120)
    assert call.part.gaps == 1


def test_what_was_once_late_is_forgotten(begin: Start) -> None:
    call = begin()
    call.disturb(every(3, 0.020))
    call.run(30)
    assert call.usual_delay(3) > 0.018
    call.disturb(never)
    call.run(40)
    assert call.usual_delay(3) < 0.004


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_call_that_follows_its_device_keeps_step_for_ten_minutes(
    begin: Start, ppm: float
) -> None:
    call = begin(ppm=ppm)
    call.run(60)
    gaps, start = call.part.gaps, len(call.delays)
    call.run(600)
    assert call.part.gaps == gaps
    assert max(call.delays[start:]) < 0.006
    assert min(call.delays[start:]) > 0.0005


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_device_that_nobody_follows_clicks_as_little_as_it_lags(begin: Start, ppm: float) -> None:
    """No call can follow two clocks: a block is left out, or said twice, once a minute."""
    call = begin(ppm=ppm, follows=False)
    call.run(30, sine_at)
    start = len(call.delays)
    heard = len(call.heard)
    call.run(300, sine_at)
    assert max(call.delays[start:]) < 0.030
    late = isinstance(call.part, DeviceSink) and ppm > 0  # what the device lacks, it lacks
    assert late or steepest(np.concatenate(call.heard[heard:])) < 1.3 * STEEPEST


@pytest.mark.parametrize("seconds", [0.2, 0.7])
def test_after_a_standstill_of_the_call_nothing_lags_behind(begin: Start, seconds: float) -> None:
    call = begin()
    call.run(30)
    call.stand_still(seconds)
    call.run(6)
    assert call.usual_delay(1) < 0.020
    call.run(25)
    assert call.usual_delay(1) < 0.004


@pytest.mark.parametrize("late", [0.008, 0.018])
def test_blocks_that_are_late_are_bridged_without_a_click(microphone: Start, late: float) -> None:
    call = microphone()
    call.run(60, sine_at)
    gaps, heard = call.part.gaps, len(call.heard)
    call.disturb(lambda number: late if number == heard + SECOND else 0.0)
    call.run(2, sine_at)
    assert call.part.gaps == gaps + 1
    pcm = np.concatenate(call.heard[heard:])
    assert steepest(pcm) < 1.3 * STEEPEST
    assert all(frame.any() for frame in call.heard[heard:])


def test_what_was_bridged_gives_time_enough(microphone: Start) -> None:
    call = microphone()
    call.run(60)
    late = len(call.heard)
    call.disturb(lambda number: 0.008 if number == late else 0.0)
    while not call.part.gaps:
        call.run(0.02)
    assert call.part.pace < 0  # it has more than it needs by now
    call.run(0.04)
    assert 0.010 < call.delays[-1] < 0.014


def test_a_device_whose_blocks_come_in_pairs_waits_for_no_more_than_a_pair(begin: Start) -> None:
    call = begin()
    call.block_late = lambda number: 0.010 * (number % 2 == 0)
    call.run(60)
    gaps = call.part.gaps
    call.run(60)
    assert call.usual_delay(10) < 0.014
    assert call.part.gaps == gaps


def test_a_leap_is_how_things_are_now_and_no_unrest() -> None:
    reserve = LatencyControl()
    for spare in (0.100, 0.010, 0.100):
        for _ in range(2 * SECOND):
            reserve.observe(spare)
        assert reserve.error == pytest.approx(spare - reserve.wanted)
        assert reserve.wanted < 0.020
