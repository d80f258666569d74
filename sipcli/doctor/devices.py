"""Check the sound devices that a call would use."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sipcli.config.tables import AudioTable
from sipcli.doctor.check import Check, bad
from sipcli.errors import DeviceError, Phase
from sipcli.media.audio_io.device import Loudspeaker, Microphone
from sipcli.media.audio_io.open import SinkSpec, SourceSpec, parse_sink, parse_source
from sipcli.media.audio_io.portaudio import DeviceKind, check_device

_HINT: Final = "`sipcli devices` lists them"
_NO_DEVICE_HINT: Final = (
    "calls send silence and discard what they receive; --audio-in takes files and tones,"
    " --audio-out files"
)


@dataclass(frozen=True, slots=True)
class Use:
    """The input or the output of a call."""

    direction: DeviceKind
    spec: SourceSpec | SinkSpec
    word: str
    """The value of the setting."""

    @property
    def device(self) -> Microphone | Loudspeaker | None:
        """The device; None if a file, a tone or the like is used instead."""
        return self.spec if isinstance(self.spec, Microphone | Loudspeaker) else None

    def describe(self) -> str:
        """Return what would be used, in words. Raises `DeviceError` if it cannot be."""
        device = self.device
        if device is None:
            self.spec.check()
            return f"instead of a {self.direction.value}: {self.word}"
        found = check_device(self.direction, device.name)
        whose = "" if device.name is not None else "default "
        return f"{whose}{self.direction.value}: {found.name} ({found.host_api})"


def uses(audio: AudioTable) -> tuple[Use, Use]:
    """Return the input and output in the settings. Raises `ConfigError` for invalid values."""
    return (
        Use(DeviceKind.INPUT, parse_source(audio.input), audio.input),
        Use(DeviceKind.OUTPUT, parse_sink(audio.output), audio.output),
    )


def check_devices(wanted: Iterable[Use]) -> Check:
    """Check that the named devices can be used; a default device may be missing.

    Blocks while PortAudio asks the drivers.
    """
    found: list[str] = []
    faults: list[str] = []
    missing: list[str] = []
    for use in wanted:
        try:
            found.append(use.describe())
        except DeviceError as error:
            is_default = use.device is not None and use.device.name is None
            (missing if is_default else faults).append(error.text)
    if faults:
        return bad(Phase.DEVICES, *dict.fromkeys((*faults, *missing)), *found, hint=_HINT)
    texts = (*dict.fromkeys(missing), *found)
    return Check(
        phase=Phase.DEVICES,
        ok=None if missing else True,
        found=texts,
        hint=_NO_DEVICE_HINT if missing else None,
    )
