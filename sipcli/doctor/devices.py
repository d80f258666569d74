"""Which sound devices a call would use."""

from typing import Final

from sipcli.config.settings import Audio
from sipcli.doctor.check import Check, bad
from sipcli.errors import DeviceError, Phase
from sipcli.media.sound.open import (
    Loudspeaker,
    Microphone,
    SinkSpec,
    SourceSpec,
    parse_sink,
    parse_source,
)
from sipcli.media.sound.portaudio import Direction, check

_CURE: Final = "`sipcli devices` lists what there is"
_WITHOUT: Final = (
    "calls send silence and drop what they hear; --audio-in and --audio-out take files and tones"
)


def check_devices(audio: Audio) -> Check:
    """What is named has to be there; where nothing is named, nothing has to be.

    Raises `ConfigError` for words that mean nothing. Takes a moment: PortAudio asks drivers.
    """
    found: list[str] = []
    faults: list[str] = []
    missing: list[str] = []
    for direction, spec, word in (
        (Direction.INPUT, parse_source(audio.input), audio.input),
        (Direction.OUTPUT, parse_sink(audio.output), audio.output),
    ):
        try:
            found.append(_describe(direction, spec, word))
        except DeviceError as error:
            (missing if _is_default(spec) else faults).append(error.text)
    if faults:
        return bad(Phase.DEVICES, *faults, *missing, *found, hint=_CURE)
    texts = (*dict.fromkeys(missing), *found)
    return Check(
        phase=Phase.DEVICES,
        ok=None if missing else True,
        found=texts,
        hint=_WITHOUT if missing else None,
    )


def _describe(direction: Direction, spec: SourceSpec | SinkSpec, word: str) -> str:
    """What would be used; raises `DeviceError`."""
    if not isinstance(spec, Microphone | Loudspeaker):
        spec.check()
        return f"in place of a {direction.value}: {word}"
    device = check(direction, spec.name)
    named = "" if spec.name is not None else "the system's "
    return f"{named}{direction.value}: {device.name} ({device.host_api})"


def _is_default(spec: SourceSpec | SinkSpec) -> bool:
    return isinstance(spec, Microphone | Loudspeaker) and spec.name is None
