"""What is named has to be there, what is not named need not."""

import pytest

from sipcli.config.tables import AudioTable
from sipcli.doctor import devices
from sipcli.doctor.devices import check_devices, uses
from sipcli.errors import ConfigError, DeviceError
from sipcli.media.audio_io import device
from sipcli.media.audio_io.portaudio import Device, DeviceKind, NoDevices

HEADSET = Device(
    index=0,
    name="Headset",
    host_api="ALSA",
    inputs=1,
    outputs=2,
    rate=48000.0,
    is_default_input=True,
    is_default_output=True,
)


@pytest.fixture
def headset(monkeypatch: pytest.MonkeyPatch) -> None:
    """One device, which is the system's choice."""

    def check(_: DeviceKind, name: str | None) -> Device:
        if name not in (None, "Headset"):
            raise DeviceError(f"there is nothing called {name!r}")
        return HEADSET

    for module in (devices, device):
        monkeypatch.setattr(module, "check_device", check)


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without sound."""

    def check(_direction: DeviceKind, _name: str | None) -> Device:
        raise NoDevices

    for module in (devices, device):
        monkeypatch.setattr(module, "check_device", check)


@pytest.mark.usefixtures("headset")
def test_the_devices_that_a_call_would_use_are_named() -> None:
    check = check_devices(uses(AudioTable(input="device:Headset", output="device")))
    assert check.ok
    assert check.found == (
        "microphone: Headset (ALSA)",
        "default loudspeaker: Headset (ALSA)",
    )


@pytest.mark.usefixtures("headset")
def test_a_device_that_is_named_and_missing_is_a_fault() -> None:
    check = check_devices(uses(AudioTable(input="device", output="device:Gone")))
    assert check.ok is False
    assert check.found[0] == "there is nothing called 'Gone'"
    assert check.error.exit_code == DeviceError.exit_code
    assert "sipcli devices" in str(check.hint)


@pytest.mark.usefixtures("nothing")
def test_a_machine_without_sound_is_a_note() -> None:
    check = check_devices(uses(AudioTable()))
    assert check.ok is None
    assert check.found == ("no sound device was found",)
    assert "--audio-in" in str(check.hint)


@pytest.mark.usefixtures("nothing")
def test_what_takes_the_place_of_devices_needs_none() -> None:
    check = check_devices(uses(AudioTable(input="tone:440", output="null")))
    assert check.ok
    assert check.found == ("instead of a microphone: tone:440", "instead of a loudspeaker: null")


def test_a_file_that_is_missing_is_a_fault() -> None:
    assert check_devices(uses(AudioTable(input="file:/nowhere.wav", output="null"))).ok is False


def test_words_that_mean_nothing_are_the_configurations_fault() -> None:
    with pytest.raises(ConfigError):
        uses(AudioTable(input="file:x", output="file:y.mp3"))
