"""What a microphone's sound goes through before it is sent: a call in a room with an echo."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import numpy as np
import pytest

from sipcli.config.tables import AudioTable
from sipcli.errors import ConfigError
from sipcli.media.audio_io import processing as treatment_module
from sipcli.media.audio_io.device import DeviceSink, DeviceSource, Loudspeaker, Microphone
from sipcli.media.audio_io.device_pool import DevicePool
from sipcli.media.audio_io.generators import NullSink
from sipcli.media.audio_io.open import AudioSink, AudioSource, parse_sink, parse_source
from sipcli.media.audio_io.processing import AudioProcessing
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.phone.call_audio import AudioSetup
from tests.media.audio_io.conftest import Clock, Plug
from tests.media.audio_io.echo_room import Room, Sound, decibels, speech_band, voice
from tests.media.audio_io.fake_sounddevice import FakeDevice, FakeSounddevice
from tests.media.audio_io.sounds import sine
from tests.waiting import until

MIC = FakeDevice("Mic", outputs=0)
SPEAKER = FakeDevice("Speaker", inputs=0)
CANCELS = AudioProcessing(cancels_echo=True)


@contextmanager
def opened(
    treatment: AudioProcessing, fake: FakeSounddevice, hardware: DevicePool
) -> Iterator[tuple[AudioSource, AudioSink]]:
    """A microphone that is treated, and a loudspeaker."""
    with ExitStack() as stack:
        spec = Loudspeaker(hardware, "Speaker")
        source = treatment.open(Microphone(hardware, "Mic"), spec, pytest.fail)
        stack.callback(source.close)
        sink = spec.open(pytest.fail)
        stack.callback(sink.close)
        until(lambda: bool(fake.stream("Mic") and fake.stream("Speaker")))
        assert isinstance(source, DeviceSource)
        assert isinstance(sink, DeviceSink)
        until(lambda: bool(source.device.opened and sink.device.opened))
        yield source, sink


def talk(
    fake: FakeSounddevice,
    source: AudioSource,
    sink: AudioSink,
    room: Room,
    far: Sound,
    near: Sound,
    clock: Clock,
) -> tuple[Pcm, Sound]:
    """A call: the far end says `far`, somebody in the room says `near`.

    Returns what is sent, and the echo that was in it.
    """
    microphone, loudspeaker = fake.stream("Mic"), fake.stream("Speaker")
    assert microphone is not None
    assert loudspeaker is not None
    source.read()
    sent, echoes = [], []
    for told, said in zip(far.reshape(-1, FRAME), near.reshape(-1, FRAME), strict=True):
        for block in np.split(said, 2):
            clock.now += 0.01
            played = loudspeaker.play(1)[:: loudspeaker.channels]
            echo = room.echo(played)[: len(block)]
            heard = np.clip(np.rint(echo + block), -32768, 32767).astype(np.int16)
            microphone.capture(np.repeat(heard, microphone.channels))
            echoes.append(echo)
        sent.append(source.read())
        sink.write(np.clip(np.rint(told), -32768, 32767).astype(np.int16))
    return np.concatenate(sent), np.concatenate(echoes)


def seconds(sound: Sound | Pcm, first: float, last: float) -> Sound:
    return np.asarray(sound[round(first * RATE) : round(last * RATE)], np.float64)


def hum(count: float) -> Sound:
    """What a quiet room and a microphone have: -70 dBFS."""
    return np.random.default_rng(3).normal(0, 10, round(count * RATE))


@pytest.mark.parametrize("delay_s", [0.01, 0.05, 0.3])
def test_the_far_end_hardly_hears_itself_after_three_seconds(
    plug: Plug, hardware: DevicePool, clock: Clock, delay_s: float
) -> None:
    fake = plug(MIC, SPEAKER)
    with opened(CANCELS, fake, hardware) as (source, sink):
        sent, echo = talk(fake, source, sink, Room(delay_s, 6.0), voice(8, 180, 1), hum(8), clock)
    before = decibels(seconds(echo, 3, 8))
    assert before > decibels(np.full(1, 500.0))  # there is one
    assert before - decibels(seconds(sent, 3, 8)) > 20


def test_without_cancellation_the_echo_goes_back_as_it_is(
    plug: Plug, hardware: DevicePool, clock: Clock
) -> None:
    fake = plug(MIC, SPEAKER)
    with opened(AudioProcessing(), fake, hardware) as (source, sink):
        sent, echo = talk(fake, source, sink, Room(0.05, 6.0), voice(4, 180, 1), hum(4), clock)
    assert decibels(sent) == pytest.approx(decibels(echo), abs=0.5)


@pytest.mark.parametrize("loss_db", [6.0, 15.0])
def test_who_speaks_at_the_same_time_is_understood(
    plug: Plug, hardware: DevicePool, clock: Clock, loss_db: float
) -> None:
    """In the band of speech the level stays within 3 dB."""
    fake = plug(MIC, SPEAKER)
    near = np.concatenate((hum(5), voice(7, 110, 2)))
    with opened(CANCELS, fake, hardware) as (source, sink):
        sent, _ = talk(fake, source, sink, Room(0.05, loss_db), voice(12, 180, 1), near, clock)
    given, left = (decibels(speech_band(seconds(each, 6, 12))) for each in (near, sent))
    assert left == pytest.approx(given, abs=3.0)


def test_where_nothing_is_played_speech_stays_as_it_is(
    plug: Plug, hardware: DevicePool, clock: Clock
) -> None:
    fake = plug(MIC, SPEAKER)
    near = voice(4, 110, 2)
    with opened(CANCELS, fake, hardware) as (source, sink):
        sent, _ = talk(fake, source, sink, Room(0.05, 6.0), np.zeros(len(near)), near, clock)
    assert decibels(speech_band(sent)) == pytest.approx(decibels(speech_band(near)), abs=1.0)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (16_000, 1)])
def test_devices_of_other_formats_are_cancelled_too(
    plug: Plug, hardware: DevicePool, clock: Clock, rate: int, channels: int
) -> None:
    speaker = replace(SPEAKER, rates=(rate,), channels=(channels,), default_rate=float(rate))
    fake = plug(MIC, speaker)
    gone = RATE // 100

    class Resampling(Room):
        """Hears 10 ms at the loudspeaker's rate as 10 ms at the microphone's."""

        def echo(self, played: Pcm) -> Sound:
            at = np.linspace(0, len(played), gone, endpoint=False)
            return super().echo(np.interp(at, np.arange(len(played)), played).astype(np.int16))

    with opened(CANCELS, fake, hardware) as (source, sink):
        sent, echo = talk(
            fake, source, sink, Resampling(0.05, 6.0), voice(8, 180, 1), hum(8), clock
        )
    assert decibels(seconds(echo, 4, 8)) - decibels(seconds(sent, 4, 8)) > 20


def test_noise_is_suppressed_and_a_voice_is_not(
    plug: Plug, hardware: DevicePool, clock: Clock
) -> None:
    fake = plug(MIC, SPEAKER)
    noise = np.random.default_rng(5).normal(0, 150, 6 * RATE)
    near = noise + np.concatenate((np.zeros(3 * RATE), voice(3, 110, 2)))
    with opened(AudioProcessing(suppresses_noise=True), fake, hardware) as (source, sink):
        sent, _ = talk(fake, source, sink, Room(0.05, 90.0), np.zeros(len(near)), near, clock)
    assert decibels(seconds(noise, 2, 3)) - decibels(seconds(sent, 2, 3)) > 5
    given, left = (decibels(speech_band(seconds(each, 4, 6))) for each in (near, sent))
    assert left == pytest.approx(given, abs=1.5)


def test_a_quiet_voice_is_made_louder(plug: Plug, hardware: DevicePool, clock: Clock) -> None:
    fake = plug(MIC, SPEAKER)
    near = voice(8, 110, 2, rms=100)
    with opened(AudioProcessing(controls_gain=True), fake, hardware) as (source, sink):
        sent, _ = talk(fake, source, sink, Room(0.05, 90.0), np.zeros(len(near)), near, clock)
    assert decibels(seconds(sent, 6, 8)) - decibels(seconds(near, 6, 8)) > 10


def test_only_a_microphone_is_treated_and_only_a_loudspeaker_echoes(
    plug: Plug, hardware: DevicePool
) -> None:
    fake = plug(MIC, SPEAKER)
    everything = AudioProcessing(cancels_echo=True, suppresses_noise=True, controls_gain=True)
    tone, speaker = parse_source("tone:440"), Loudspeaker(hardware, "Speaker")
    source = everything.open(tone, speaker, pytest.fail)
    plain = tone.open(pytest.fail)
    assert all(np.array_equal(source.read(), plain.read()) for _ in range(10))

    for sink in (parse_sink("null"), None):
        source = CANCELS.open(Microphone(hardware, "Mic"), sink, pytest.fail)
        until(lambda: fake.stream("Mic") is not None)
        assert fake.stream("Speaker") is None
        source.close()
        until(lambda: fake.stream("Mic") is None)


def test_a_sink_of_somebody_elses_leaves_the_loudspeaker_closed(
    plug: Plug, hardware: DevicePool
) -> None:
    fake = plug(MIC, SPEAKER)
    microphone, speaker = (
        Microphone(hardware, "Mic"),
        Loudspeaker(hardware, "Speaker"),
    )
    equipment = AudioSetup(microphone, speaker, None, pytest.fail, CANCELS)
    sound = equipment.open(sink=NullSink())
    until(lambda: fake.stream("Mic") is not None)
    assert fake.stream("Speaker") is None
    sound.source.close()


def test_the_loudspeaker_closes_with_the_call(plug: Plug, hardware: DevicePool) -> None:
    fake = plug(MIC, SPEAKER)
    with opened(CANCELS, fake, hardware) as (source, sink):
        sink.close()
        assert fake.stream("Speaker") is not None
        source.close()
        source.close()
        until(lambda: fake.stream("Speaker") is None)
    until(lambda: fake.stream("Mic") is None)


def test_a_call_goes_on_while_the_loudspeaker_is_away(plug: Plug, hardware: DevicePool) -> None:
    fake = plug(MIC, SPEAKER)
    told: list[str] = []
    spec = Loudspeaker(hardware, "Speaker")
    source = CANCELS.open(Microphone(hardware, "Mic"), spec, told.append)
    until(lambda: bool(fake.stream("Mic") and fake.stream("Speaker")))
    speaker, microphone = fake.stream("Speaker"), fake.stream("Mic")
    assert speaker is not None
    assert microphone is not None
    fake.plugged.remove(SPEAKER)
    speaker.vanish()
    until(lambda: not speaker.is_open)
    until(lambda: fake.stream("Mic") is not None)
    again = fake.stream("Mic")
    assert again is not None
    heard = []

    def is_heard() -> bool:
        stream = fake.stream("Mic")  # a look for the loudspeaker closes and opens it again
        if stream is not None and stream.capture_if_open(sine(440, 0.02)):
            heard.append(source.read())
        return len(heard) > 20 and bool(heard[-1].any())

    until(is_heard)
    source.close()


def test_auto_means_where_the_package_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    auto = AudioTable(echo_cancellation="auto")
    assert AudioProcessing.of(auto) == CANCELS

    def missing() -> None:
        raise ImportError("libc is too old")

    monkeypatch.setattr(treatment_module, "_library", missing)
    assert AudioProcessing.of(auto) == AudioProcessing()
    for wanted in (
        replace(auto, echo_cancellation=True),
        replace(auto, noise_suppression=True),
        replace(auto, gain_control=True),
    ):
        with pytest.raises(ConfigError, match="pywebrtc-audio, which cannot be loaded: libc is"):
            AudioProcessing.of(wanted)


def test_what_is_off_is_off() -> None:
    assert AudioProcessing.of(AudioTable(echo_cancellation=False)) == AudioProcessing()
    assert AudioProcessing.of(
        AudioTable(echo_cancellation=False, gain_control=True)
    ) == AudioProcessing(controls_gain=True)
