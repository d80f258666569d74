"""Which device is meant, and what is opened."""

import sys

import pytest

from sipcli.errors import DeviceError
from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.audio_io.portaudio import DeviceKind, NoPortAudio, check_device, devices, find
from tests.media.audio_io.conftest import Plug
from tests.media.audio_io.fake_sounddevice import FakeDevice

HEADSET = FakeDevice("Headset USB")
WEBCAM = FakeDevice("Webcam USB", outputs=0)
SPEAKER = FakeDevice("Speaker", inputs=0)


def test_none_is_the_systems_default(plug: Plug) -> None:
    plug(HEADSET, WEBCAM, SPEAKER, default_input=1, default_output=2)
    assert find(DeviceKind.INPUT, None).name == "Webcam USB"
    assert find(DeviceKind.OUTPUT, None).name == "Speaker"


def test_a_part_of_a_name_in_any_case_is_enough(plug: Plug) -> None:
    plug(HEADSET, WEBCAM, SPEAKER)
    assert find(DeviceKind.INPUT, "webcam").name == "Webcam USB"
    assert find(DeviceKind.OUTPUT, "usb").name == "Headset USB"


def test_a_whole_name_comes_before_parts_of_others(plug: Plug) -> None:
    plug(FakeDevice("Speakerphone"), FakeDevice("Speaker"))
    assert find(DeviceKind.OUTPUT, "Speaker").name == "Speaker"


def test_a_part_that_could_be_several_is_refused_with_their_names(plug: Plug) -> None:
    plug(HEADSET, WEBCAM)
    with pytest.raises(DeviceError, match="'Headset USB', 'Webcam USB'"):
        find(DeviceKind.INPUT, "usb")


def test_a_missing_device_is_refused_with_those_that_are_there(plug: Plug) -> None:
    plug(HEADSET, SPEAKER)
    with pytest.raises(DeviceError, match=r"no microphone called 'mic'; available: 'Headset USB'$"):
        find(DeviceKind.INPUT, "mic")


def test_what_cannot_record_is_no_microphone(plug: Plug) -> None:
    plug(SPEAKER)
    with pytest.raises(DeviceError, match="available: none"):
        parse_source("device:Speaker").check()


def test_a_device_listed_by_several_host_apis_is_one(plug: Plug) -> None:
    plug(
        FakeDevice("Headset USB", api=0),
        FakeDevice("Headset USB", api=1),
        apis=("MME", "Windows WASAPI"),
    )
    assert find(DeviceKind.INPUT, "headset").host_api == "MME"
    assert find(DeviceKind.INPUT, "Headset USB").host_api == "MME"
    assert find(DeviceKind.INPUT, "Headset USB, Windows WASAPI").host_api == "Windows WASAPI"


def test_the_list_tells_defaults_and_channels(plug: Plug) -> None:
    plug(HEADSET, WEBCAM, default_input=1, default_output=0)
    first, second = devices()
    assert (first.is_default_input, first.is_default_output) == (False, True)
    assert (second.is_default_input, second.is_default_output) == (True, False)
    assert (second.inputs, second.outputs, second.host_api) == (2, 0, "ALSA")


def test_a_device_that_can_do_nothing_we_know_is_found_before_a_call(plug: Plug) -> None:
    plug(FakeDevice("Odd", rates=(11_025,)))
    with pytest.raises(DeviceError, match="'Odd' cannot be used: Invalid sample rate"):
        check_device(DeviceKind.INPUT, "Odd")


def test_a_missing_default_is_no_reason_not_to_call(plug: Plug) -> None:
    plug()
    parse_source("device").check()
    parse_sink("device").check()


def test_without_portaudio_a_named_device_is_refused_with_what_to_install(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(NoPortAudio, match="apt install libportaudio2"):
        parse_source("device:Headset").check()
