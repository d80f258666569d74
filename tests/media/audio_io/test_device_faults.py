"""What a driver, its configuration or a bug throws at us: told, never a call that is silent."""

import builtins
import errno
import sys
import threading
from typing import Any

import pytest

from sipcli.errors import DeviceError
from sipcli.media.audio_io import device_pool as device_pool_module
from sipcli.media.audio_io import portaudio
from sipcli.media.audio_io.background import BackgroundReader, BackgroundWriter
from sipcli.media.audio_io.device import DeviceSink, DeviceSource
from sipcli.media.audio_io.device_pool import DevicePool
from sipcli.media.audio_io.open import parse_source
from sipcli.media.audio_io.portaudio import DeviceKind, check_device, devices
from tests.media.audio_io.conftest import Plug
from tests.media.audio_io.fake_sounddevice import FakeDevice, FakeStream
from tests.media.audio_io.sounds import sine
from tests.waiting import until

MIC = FakeDevice("Mic")
NOT_UTF_8 = UnicodeDecodeError("utf-8", b"Mikro\xf6", 5, 6, "invalid start byte")


@pytest.fixture(autouse=True)
def _no_thread_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback of a thread is what a person should never see."""
    monkeypatch.setattr(threading, "excepthook", lambda args: pytest.fail(str(args)))


@pytest.mark.parametrize(
    "trouble", [NOT_UTF_8, AssertionError("structVersion"), OSError(errno.EMFILE, "too many")]
)
def test_whatever_the_library_raises_is_an_error_of_the_devices(
    plug: Plug, trouble: Exception
) -> None:
    plug(MIC, trouble=trouble)
    for look in (
        devices,
        lambda: check_device(DeviceKind.INPUT, "Mic"),
        lambda: _open("device:Mic"),
    ):
        with pytest.raises(DeviceError, match="PortAudio cannot list its devices: ") as error:
            look()
        assert type(trouble).__name__ in str(error.value)


def _open(words: str) -> None:
    parse_source(words).check()


@pytest.mark.parametrize("trouble", [NOT_UTF_8, RuntimeError("no driver")])
def test_a_default_device_that_cannot_be_had_is_a_warning_and_comes_back(
    plug: Plug, hardware: DevicePool, trouble: Exception
) -> None:
    fake = plug(MIC, trouble=trouble)
    told: list[str] = []
    source, sink = (
        DeviceSource(hardware, None, told.append),
        DeviceSink(hardware, None, told.append),
    )
    until(lambda: source.device.is_missed and sink.device.is_missed)
    for _ in range(3):
        sink.write(source.read())
    assert [text.rpartition(": ")[2] for text in told] == [
        "sending silence",
        "dropping received audio",
    ]
    fake.trouble = None
    until(lambda: source.device.opened is not None and sink.device.opened is not None)
    source.close()
    sink.close()


def test_a_scan_that_fails_is_told_and_tried_again(plug: Plug, hardware: DevicePool) -> None:
    """The stream that had to be closed for the scan is missing, too."""
    fake = plug(MIC)
    told: list[str] = []
    source = DeviceSource(hardware, None, told.append)
    until(lambda: source.device.opened is not None)
    stream = fake.stream("Mic")
    assert stream is not None
    fake.start_code = -9999
    fake.plugged.clear()
    stream.vanish()
    until(lambda: fake.scans > 2)
    source.read()
    assert told == ["the microphone 'Mic' disappeared: sending silence until it is back"]
    fake.start_code = 0
    fake.plugged.append(MIC)
    until(lambda: source.device.opened is not None)
    source.read()
    assert told[1:] == ["the microphone 'Mic' is back"]
    source.close()


def test_a_bug_in_the_thread_of_the_devices_is_told(
    plug: Plug, hardware: DevicePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(MIC)

    def broken(*_: object) -> Any:
        raise KeyError("oops")

    told: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(device_pool_module, "open_stream", broken)
        source = DeviceSource(hardware, "Mic", told.append)
        until(lambda: source.device.is_missed)
        source.read()
        assert told == ["a bug in sipcli: KeyError: 'oops': sending silence"]
    until(lambda: source.device.opened is not None)
    source.close()


def test_a_named_device_that_does_not_start_is_refused_before_a_call(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver may agree to a format and then find no bandwidth on its bus."""
    fake = plug(MIC)

    def start(self: FakeStream) -> None:
        raise self.owner.PortAudioError("No space left on device [PaErrorCode -9999]")

    monkeypatch.setattr(FakeStream, "start", start)
    with pytest.raises(DeviceError, match="the microphone 'Mic' cannot be used: No space left"):
        parse_source("device:Mic").check()
    assert not any(stream.is_open for stream in fake.streams)


def test_a_check_leaves_the_device_to_others(plug: Plug) -> None:
    fake = plug(MIC)
    check_device(DeviceKind.INPUT, "Mic")
    assert [stream.is_open for stream in fake.streams] == [False]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("PortAudio library not found"), "not installed"),
        (OSError(errno.EMFILE, "Too many open files"), "cannot be loaded: Too many open files"),
        (RuntimeError("Error initializing PortAudio: Odd", -9999, ("", 0)), "started: Odd -9999$"),
    ],
)
def test_what_keeps_portaudio_from_being_loaded_is_told(
    plug: Plug, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    plug()
    monkeypatch.delitem(sys.modules, "sounddevice")
    importing = builtins.__import__

    def refuse(name: str, *others: Any, **more: Any) -> Any:
        if name == "sounddevice":
            raise error
        return importing(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(DeviceError, match=words):
        devices()


def test_a_system_without_threads_is_an_error_of_the_device(
    plug: Plug, hardware: DevicePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(MIC)

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(DeviceError, match="cannot start a thread"):
            DeviceSource(hardware, None, lambda _: None)
    source = DeviceSource(hardware, None, lambda _: None)  # there are threads again
    until(lambda: source.device.opened is not None)
    source.close()


def test_a_decoder_may_raise_anything_and_the_source_ends_by_it() -> None:
    def frames() -> Any:
        yield sine(440, 0.02)
        raise LookupError("no such decoder")

    told: list[str] = []
    source = BackgroundReader(frames(), "a.ogg", told.append)

    def is_over() -> bool:
        source.read()
        return source.ended and bool(told)

    until(is_over)
    assert told == ["a.ogg ended early: LookupError: no such decoder"]
    source.close()


def test_a_destination_may_raise_anything_and_it_is_told() -> None:
    class Broken:
        def write(self, _: bytes) -> None:
            raise ValueError("write to closed file")

        def close(self) -> None:
            pass

    told: list[str] = []
    writer = BackgroundWriter(Broken(), "a.wav", told.append, pause=0, max_waiting=10)
    writer.write(b"x")
    until(lambda: not writer._thread.is_alive())  # noqa: SLF001 - it ends by the fault
    writer.write(b"x")
    assert told == ["a.wav cannot be written any more: write to closed file"]
    writer.close()


def test_a_name_that_is_not_utf_8_can_be_read_and_typed() -> None:
    name = portaudio._Name(b"Mikro\xf6")  # noqa: SLF001 - what sounddevice is made to read
    assert name.decode() == name.decode("utf-8") == "Mikro\\xf6"
    assert portaudio._Name("Mikroö".encode()).decode() == "Mikroö"  # noqa: SLF001
