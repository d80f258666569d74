"""A real PortAudio on a real ALSA whose configuration is odd."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.realpeer.sipcli_process import SipcliProcess
from tests.required import require

_ODD_NAME = b"""\
pcm.!default { type null }
pcm.Mikro\xf6 { type null }
"""
"""A device whose name is Latin-1."""
_BROKEN = b"pcm.x { type \n"
"""`Pa_Initialize` fails by it, with -9999."""


@pytest.fixture(autouse=True)
def _with_portaudio() -> None:
    require(
        list(Path("/usr/lib").glob("*/libportaudio.so.2")),
        "PortAudio is missing: `make peers` installs it",
    )


@contextmanager
def sipcli(folder: Path, configuration: bytes, *arguments: str) -> Iterator[SipcliProcess]:
    """sipcli where ALSA is configured so."""
    file = folder / "asound.conf"
    file.write_bytes(configuration)
    with SipcliProcess(
        *arguments, home=folder / "home", environment={"ALSA_CONFIG_PATH": str(file)}
    ) as process:
        yield process


def call(device: str) -> tuple[str, ...]:
    """A short call that is heard with `device`."""
    words = ("--audio-in", device, "--audio-out", "null", "--duration", "1")
    return ("call", "--sandbox", "echo", *words)


def test_a_device_whose_name_is_not_utf_8_hides_no_other_and_can_be_used(tmp_path: Path) -> None:
    with sipcli(tmp_path, _ODD_NAME, "devices") as listing:
        assert listing.wait(30) == 0
    assert [device["name"] for device in listing.named("device")] == ["Mikro\\xf6", "default"]
    for device in ("device:Mikro\\xf6", "device"):
        with sipcli(tmp_path, _ODD_NAME, *call(device)) as calling:
            assert calling.wait(30) == 0
        assert not calling.named("warning")


def test_a_portaudio_that_does_not_start_is_told_wherever_devices_are_wanted(
    tmp_path: Path,
) -> None:
    words = "PortAudio cannot be started: Unanticipated host error"
    with sipcli(tmp_path, _BROKEN, "devices") as listing:
        assert listing.wait(30) == 9
    assert words in listing.named("error")[0]["text"]
    with sipcli(tmp_path, _BROKEN, *call("device:Mic")) as named:
        assert named.wait(30) == 9
    assert not named.named("calling")
    with sipcli(tmp_path, _BROKEN, *call("device")) as default:
        assert default.wait(30) == 0
    (warning,) = default.named("warning")
    assert words in warning["text"]
    assert warning["text"].endswith("sending silence")
    with sipcli(tmp_path, _BROKEN, "doctor", "--sandbox") as doctor:
        assert doctor.wait(30) == 0
    (check,) = (check for check in doctor.named("check") if check["name"] == "devices")
    assert check["ok"] is None
    assert words in check["detail"]
