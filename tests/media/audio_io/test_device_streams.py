"""Microphones and loudspeakers in a call: what goes through, and what happens when they go."""

import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from sipcli.media.audio_io import device_pool as device_pool_module
from sipcli.media.audio_io.device import INITIAL_SILENCE_S, DeviceSink, DeviceSource
from sipcli.media.audio_io.device_pool import DevicePool
from sipcli.media.audio_io.rings import PlaybackRing
from sipcli.media.pcm import FRAME
from tests.media.audio_io.conftest import Clock, Plug
from tests.media.audio_io.fake_sounddevice import FakeDevice, FakeSounddevice, FakeStream
from tests.media.audio_io.sounds import cut, dominant, sine
from tests.media.audio_io.timing import Beside
from tests.waiting import until

MIC = FakeDevice("Mic", outputs=0)
SPEAKER = FakeDevice("Speaker", inputs=0)
RESERVE = round(INITIAL_SILENCE_S * 48_000)
"""Samples."""


def opened(fake: FakeSounddevice, name: str) -> FakeStream:
    until(lambda: fake.stream(name) is not None)
    stream = fake.stream(name)
    assert stream is not None
    return stream


def microphone(
    hardware: DevicePool, fake: FakeSounddevice, warn: Callable[[str], None] = pytest.fail
) -> tuple[DeviceSource, FakeStream]:
    source = DeviceSource(hardware, "Mic", warn)
    stream = opened(fake, "Mic")
    until(lambda: source.device.opened is not None)
    return source, stream


def loudspeaker(
    hardware: DevicePool, fake: FakeSounddevice, warn: Callable[[str], None] = pytest.fail
) -> tuple[DeviceSink, FakeStream]:
    sink = DeviceSink(hardware, "Speaker", warn)
    stream = opened(fake, "Speaker")
    until(lambda: sink.device.opened is not None)
    return sink, stream


def test_what_the_microphone_hears_is_read_without_a_gap(plug: Plug, hardware: DevicePool) -> None:
    source, stream = microphone(hardware, plug(MIC))
    source.read()
    sound = sine(440, 2.0)
    heard = []
    for frame in cut(sound):
        stream.capture(frame)
        heard.append(source.read())
    assert np.array_equal(np.concatenate(heard), sound)
    assert source.gaps == 0
    source.close()


def test_what_is_written_is_played_without_a_gap(plug: Plug, hardware: DevicePool) -> None:
    sink, stream = loudspeaker(hardware, plug(SPEAKER))
    sound = sine(440, 2.0)
    played = []
    for frame in cut(sound):
        sink.write(frame)
        played.append(stream.play(2))
    heard = np.concatenate(played)
    assert not heard[:RESERVE].any()
    assert np.array_equal(heard[RESERVE:], sound[:-RESERVE])
    assert sink.gaps == 0
    sink.close()


def test_two_calls_on_one_loudspeaker_are_mixed_and_clipped(
    plug: Plug, hardware: DevicePool
) -> None:
    fake = plug(SPEAKER)
    one, stream = loudspeaker(hardware, fake)
    two, same = loudspeaker(hardware, fake)
    assert stream is same
    one.write(np.full(FRAME, 20_000, np.int16))
    two.write(np.full(FRAME, 1_000, np.int16))
    one.write(np.full(FRAME, 20_000, np.int16))
    two.write(np.full(FRAME, 30_000, np.int16))
    heard = stream.play(5)[RESERVE:]
    assert set(heard[:FRAME]) == {21_000}
    assert set(heard[FRAME : 2 * FRAME]) == {32_767}
    one.close()
    assert stream.is_open
    two.close()
    until(lambda: not stream.is_open)


def test_two_calls_hear_the_same_microphone(plug: Plug, hardware: DevicePool) -> None:
    fake = plug(MIC)
    (one, stream), (two, _) = microphone(hardware, fake), microphone(hardware, fake)
    one.read(), two.read()
    stream.capture(sine(300, 0.02))
    assert np.array_equal(one.read(), sine(300, 0.02))
    assert np.array_equal(two.read(), sine(300, 0.02))
    one.close()
    two.close()


def test_silence_is_played_where_nothing_is_written(plug: Plug, hardware: DevicePool) -> None:
    sink, stream = loudspeaker(hardware, plug(SPEAKER))
    sink.write(np.full(FRAME, 5, np.int16))
    assert stream.play(200).any()
    assert not stream.play(200).any()  # nor is what was played heard again, a ring later
    sink.write(np.full(FRAME, 7, np.int16))
    assert sink.gaps == 1
    assert stream.play(5).sum() == 7 * FRAME
    sink.close()


def test_a_microphone_whose_clock_is_faster_gains_no_delay(
    plug: Plug, hardware: DevicePool, clock: Clock
) -> None:
    source, stream = microphone(hardware, plug(MIC))
    # 2000 ppm, to have an hour in a minute.
    Beside(source, stream, clock, ppm=2000, follows=False).run(60)
    port = source.device.opened
    assert port is not None
    waiting = port.ring.moved - source._position  # noqa: SLF001 - the delay itself
    assert waiting < 0.05 * 48_000
    source.close()


def test_a_loudspeaker_whose_clock_is_slower_gains_no_delay(
    plug: Plug, hardware: DevicePool, clock: Clock
) -> None:
    sink, stream = loudspeaker(hardware, plug(SPEAKER))
    ahead = []
    for number in range(3000):
        sink.write(np.ones(FRAME, np.int16))
        for _ in range(2):
            clock.now += 0.01
            if number % 100:  # every hundredth time 20 ms fewer
                stream.play(1)
        open_ = sink.device.opened
        assert open_ is not None
        ahead.append(sink._position - open_.ring.moved)  # noqa: SLF001 - the delay itself
    assert max(ahead) < 0.1 * 48_000
    sink.close()


def test_pace_brings_the_reserve_back_to_what_it_should_be(
    plug: Plug, hardware: DevicePool, clock: Clock
) -> None:
    """A call whose clock follows `pace` neither drops nor lacks a sample at 100 ppm."""
    sink, stream = loudspeaker(hardware, plug(SPEAKER))
    now, device_time, paces = 0.0, 0.0, []
    for _ in range(20_000):
        clock.now = now
        sink.write(np.ones(FRAME, np.int16))
        paces.append(sink.pace)
        now += 0.02 + sink.pace
        while device_time + 0.01 <= now * 1.0001:
            device_time += 0.01
            clock.now = device_time / 1.0001
            stream.play(1)
    assert sink.gaps == 0
    assert max(map(abs, paces)) <= 0.0005
    assert np.mean(paces[-5000:]) == pytest.approx(-0.02 * 0.0001, rel=0.2)
    assert max(abs(b - a) for a, b in pairwise(paces)) < 0.0005
    sink.close()


@pytest.mark.parametrize("rate", [44_100, 16_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_device_with_another_format_is_converted(
    plug: Plug, hardware: DevicePool, rate: int, channels: int
) -> None:
    options = {"rates": (rate,), "channels": (channels,), "default_rate": float(rate)}
    fake = plug(
        FakeDevice("Mic", outputs=0, **options),  # type: ignore[arg-type]
        FakeDevice("Speaker", inputs=0, **options),  # type: ignore[arg-type]
    )
    source, captured = microphone(hardware, fake)
    sink, playing = loudspeaker(hardware, fake)
    source.read()
    heard, played = [], []
    t = np.arange(rate) / rate
    tone = np.repeat(np.asarray(8000 * np.sin(2 * np.pi * 500 * t), np.int16), channels)
    for part, frame in zip(np.split(tone, 50), cut(sine(700, 1.0)), strict=True):
        captured.capture(part)
        heard.append(source.read())
        sink.write(frame)
        played.append(playing.play(2).reshape(-1, channels)[:, -1])
    assert all(len(frame) == FRAME for frame in heard)
    middle = np.concatenate(heard)[FRAME * 10 : FRAME * 35]
    assert dominant(middle) == pytest.approx(500, abs=3)
    assert np.abs(middle.astype(int)).max() == pytest.approx(8000, rel=0.02)
    spoken = np.concatenate(played)[rate // 5 : rate * 7 // 10]
    assert dominant(spoken) * rate / 48_000 == pytest.approx(700, abs=3)
    assert (source.gaps, sink.gaps) == (0, 0)
    source.close()
    sink.close()


def test_a_call_goes_on_without_a_microphone_and_takes_it_back(
    plug: Plug, hardware: DevicePool
) -> None:
    fake = plug(MIC)
    told: list[str] = []
    source, stream = microphone(hardware, fake, told.append)
    source.read()
    stream.capture(sine(440, 0.02))
    assert source.read().any()

    fake.plugged.clear()
    stream.vanish()
    until(lambda: fake.scans >= 3)
    assert not source.read().any()
    assert told == ["the microphone 'Mic' disappeared: sending silence until it is back"]

    fake.plugged.append(MIC)
    again = opened(fake, "Mic")
    until(lambda: source.device.opened is not None)
    source.read()
    again.capture(sine(440, 0.02))
    assert np.array_equal(source.read(), sine(440, 0.02))
    assert told[1:] == ["the microphone 'Mic' is back"]
    source.close()


def test_a_device_that_stops_without_a_word_is_opened_again(
    plug: Plug, hardware: DevicePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_pool_module, "_MAX_IDLE_CHECKS", 4)
    fake = plug(SPEAKER)
    told: list[str] = []
    sink, _ = loudspeaker(hardware, fake, told.append)
    until(lambda: len(fake.streams) >= 2)
    assert not fake.streams[0].is_open
    sink.write(np.ones(FRAME, np.int16))
    assert told[0].startswith("the loudspeaker 'Speaker' disappeared")
    sink.close()


def test_a_lost_microphone_takes_no_loudspeaker_along(plug: Plug, hardware: DevicePool) -> None:
    fake = plug(MIC, SPEAKER)
    source, hearing = microphone(hardware, fake, lambda _: None)
    sink, speaking = loudspeaker(hardware, fake)
    hearing.vanish()
    until(lambda: not hearing.is_open)
    assert opened(fake, "Mic") is not hearing
    assert fake.scans == 0
    assert speaking.is_open
    source.close()
    sink.close()


def test_a_machine_without_devices_gets_one_warning_for_both_ways(
    plug: Plug, hardware: DevicePool
) -> None:
    plug()
    told: list[str] = []
    source, sink = (
        DeviceSource(hardware, None, told.append),
        DeviceSink(hardware, None, told.append),
    )
    until(lambda: source.device.is_missed and sink.device.is_missed)
    for _ in range(3):
        sink.write(source.read())
    assert told == ["no sound device was found: sending silence, dropping received audio"]
    source.close()
    sink.close()


def test_without_portaudio_the_call_goes_on_and_says_once_what_to_install(
    plug: Plug, hardware: DevicePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    told: list[str] = []
    source, sink = (
        DeviceSource(hardware, None, told.append),
        DeviceSink(hardware, None, told.append),
    )
    until(lambda: source.device.is_missed and sink.device.is_missed)
    for _ in range(3):
        sink.write(source.read())
    assert len(told) == 1
    assert "apt install libportaudio2" in told[0]
    source.close()
    sink.close()


def test_xruns_are_counted_and_latency_is_known(plug: Plug, hardware: DevicePool) -> None:
    source, stream = microphone(hardware, plug(MIC))
    stream.capture(sine(440, 0.02), flags="input overflow")
    open_ = source.device.opened
    assert open_ is not None
    assert open_.ring.xruns == 2
    assert open_.latency == pytest.approx(0.03)
    source.close()


def test_looking_for_a_lost_device_interrupts_a_good_one_without_a_word(
    plug: Plug, hardware: DevicePool
) -> None:
    """PortAudio sees new devices only after a new start, which ends all streams."""
    fake = plug(MIC, SPEAKER)
    source, hearing = microphone(hardware, fake, lambda _: None)
    sink, speaking = loudspeaker(hardware, fake)
    fake.plugged.remove(MIC)
    hearing.vanish()
    until(lambda: fake.scans >= 2)
    assert not speaking.is_open
    fake.plugged.append(MIC)
    opened(fake, "Mic")
    _, again = loudspeaker(hardware, fake)
    sink.write(np.ones(FRAME, np.int16))
    assert again.play(4).any()
    source.close()
    sink.close()


def test_what_was_written_too_late_is_not_heard_a_ring_later() -> None:
    ring = PlaybackRing(48_000, 1)
    start = ring.moved
    ring.callback(bytearray(960), 480, None, None)  # the callback overtakes the writer
    ring.mix(start, np.ones(FRAME, np.int16))
    block = bytearray(2 * ring.size)
    ring.callback(block, ring.size, None, None)
    assert np.frombuffer(block, np.int16).sum() == FRAME - 480
