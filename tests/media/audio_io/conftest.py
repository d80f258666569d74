"""Fakes for the tests of sound."""

import sys
from collections.abc import Callable, Iterator

import pytest

from sipcli.media.audio_io import aec_reference, device, portaudio, rings
from sipcli.media.audio_io import device_pool as device_pool_module
from sipcli.media.audio_io.device_pool import DevicePool
from tests.media.audio_io.fake_sounddevice import FakeDevice, FakeSounddevice

Plug = Callable[..., FakeSounddevice]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Replaces the machine's sound devices with those given."""

    def plugged(*devices: FakeDevice, **options: object) -> FakeSounddevice:
        fake = FakeSounddevice(list(devices), **options)  # type: ignore[arg-type]
        monkeypatch.setitem(sys.modules, "sounddevice", fake)
        return fake

    # The machinery that turns off C's stderr is tested in a process of its own.
    monkeypatch.setattr(portaudio, "silence_c_libraries", lambda: None)
    return plugged


class Clock:
    """A clock that stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which two devices are kept in step."""
    virtual = Clock()
    for module in (device, aec_reference, rings):
        monkeypatch.setattr(module, "perf_counter", lambda: virtual.now)
    return virtual


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[DevicePool]:
    """Hardware that does not wait long for a device to come back, and ends with the test.

    Its time is `clock`'s: a test that is not run for a while is no late call.
    A thread of it that went on would look for devices among those of the next test.
    """
    monkeypatch.setattr(device_pool_module, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(device_pool_module, "MAX_WAIT", 0.02)
    monkeypatch.setattr(device_pool_module, "_CHECK_INTERVAL", 0.005)
    monkeypatch.setattr(device_pool_module, "_RESCAN_WAIT", 0.004)
    monkeypatch.setattr(device_pool_module, "_MAX_IDLE_CHECKS", 1_000_000)
    here = DevicePool()
    yield here
    for port in list(here._devices.values()):  # noqa: SLF001 - who forgot to leave does so now
        while port.users:
            here.release(port)
    thread = here._thread  # noqa: SLF001 - nobody else has to wait for it
    if thread is not None:
        thread.join(5)
        assert not thread.is_alive()
