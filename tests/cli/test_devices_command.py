"""`sipcli devices` as a user sees it."""

import json
import sys
from typing import Any

import pytest

from sipcli.cli.commands import devices as command
from sipcli.cli.main import run
from sipcli.media.audio_io import portaudio
from tests.media.audio_io.fake_sounddevice import FakeDevice, FakeSounddevice

Capture = pytest.CaptureFixture[str]

HEADSET = FakeDevice("Headset USB", inputs=1, outputs=2)
SPEAKER = FakeDevice("Speaker", inputs=0, outputs=8, default_rate=44_100.0)


@pytest.fixture(autouse=True)
def _own_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "silence_c_libraries", lambda: None)
    monkeypatch.setattr(command, "TEST_S", 0.1)


def plug(monkeypatch: pytest.MonkeyPatch, *devices: FakeDevice, output: int = 0) -> None:
    fake = FakeSounddevice(list(devices), default_output=output)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)


def records(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_table_of_names_channels_and_defaults(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    plug(monkeypatch, HEADSET, SPEAKER, output=1)
    assert run(["devices"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME         IN  OUT  HZ     HOST API",
        "Headset USB  1*  2    48000  ALSA",
        "Speaker      0   8*   44100  ALSA",
    ]


def test_wrong_settings_are_told_though_the_list_needs_none(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    plug(monkeypatch, HEADSET)
    for wrong in (["--audio-in", "nonsense"], ["--config", "/no/such.toml"]):
        assert run(["devices", *wrong]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert wrong[1] in shown.err


def test_one_event_for_each_device(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    plug(monkeypatch, HEADSET, SPEAKER)
    assert run(["devices", "--json"]) == 0
    first, second, last = records(capsys)
    assert first["event"] == "device"
    assert (first["name"], first["inputs"], first["outputs"]) == ("Headset USB", 1, 2)
    assert first["default_input"] is True
    assert second["rate_hz"] == 44_100
    assert (last["event"], last["exit_code"]) == ("finished", 0)


def test_a_machine_without_devices_is_told_what_works_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    plug(monkeypatch)
    assert run(["devices"]) == 0
    assert "tone:HZ" in capsys.readouterr().out
    assert run(["devices", "--test"]) == 9
    error = capsys.readouterr().err
    assert "no sound device was found. Calls work without one" in error


def test_without_portaudio_one_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    for arguments in (["devices"], ["devices", "--test"]):
        assert run(arguments) == 9
        assert "apt install libportaudio2" in capsys.readouterr().err


def test_a_test_that_hears_nothing_fails(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    plug(monkeypatch, HEADSET)
    assert run(["devices", "--test"]) == 9  # the fake's microphone is as quiet as a muted one
    assert "is the microphone muted" in capsys.readouterr().err


def test_a_test_tells_how_loud_it_was(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    plug(monkeypatch, HEADSET)
    assert run(["devices", "--test", "--audio-in", "tone:440", "--json"]) == 0
    *_, result, _finished = records(capsys)
    assert result["event"] == "device_test"
    assert result["loudest_dbfs"] == pytest.approx(-15.0, abs=0.1)


def test_a_name_that_could_be_two_devices_is_refused_before_the_test(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    plug(monkeypatch, HEADSET, FakeDevice("Webcam USB"))
    assert run(["devices", "--test", "--audio-in", "device:usb"]) == 9
    error = capsys.readouterr().err
    assert "'Headset USB', 'Webcam USB'" in error
    assert "Calls work without one" not in error
