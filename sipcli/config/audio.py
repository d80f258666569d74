"""Kinds of the settings for audio: sources, sinks and processing."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from sipcli.catalog.audio_spec import RINGS, SINKS, SOURCES, AudioGrammar
from sipcli.config.settings import Audio
from sipcli.config.types import Kind, Unacceptable, boolean, clean, of_text, rebased

_FILE: Final = "file:"
_AUTO: Final[Literal["auto"]] = "auto"
_PACKAGE: Final = "pywebrtc_audio"


def source_kind() -> Kind[str]:
    """Return the kind of what is sent."""
    return _audio_kind(SOURCES, "SOURCE")


def sink_kind() -> Kind[str]:
    """Return the kind of where received audio goes."""
    return _audio_kind(SINKS, "SINK")


def ring_kind() -> Kind[str]:
    """Return the kind of where an incoming call rings."""
    return _audio_kind(RINGS, "SINK")


def _audio_kind(grammar: AudioGrammar, metavar: str) -> Kind[str]:
    def read(text: str) -> str:
        if grammar.parse(clean(text)) is None:
            raise Unacceptable
        return text

    kind = of_text(read, accepts=grammar.usage, metavar=metavar, rebase=_rebased_file)
    return replace(kind, forms=grammar.explained)


def boolean_or_auto() -> Kind[bool | Literal["auto"]]:
    """Return the kind of a boolean or "auto", which lets sipcli decide. The option is a flag."""
    flag = boolean()

    def from_words(words: Sequence[str]) -> bool | Literal["auto"]:
        if words[-1].lower() == _AUTO:
            return _AUTO
        try:
            return flag.from_words(words)
        except Unacceptable as fault:
            raise Unacceptable(accepts=f"{fault.accepts}, or auto") from None

    def from_toml(value: object) -> bool | Literal["auto"]:
        return _AUTO if value == _AUTO else flag.from_toml(value)

    return Kind(
        accepts='true, false or "auto"',
        metavar="",
        from_toml=from_toml,
        from_words=from_words,
        plain=lambda value: value,
        flag=True,
    )


def missing_package(audio: Audio) -> str | None:
    """Return the first key that is true although its package is not installed; None if none is."""
    wished = {
        "echo_cancellation": audio.echo_cancellation is True,
        "noise_suppression": audio.noise_suppression,
        "gain_control": audio.gain_control,
    }
    name = next((name for name, is_wished in wished.items() if is_wished), None)
    return name if name is not None and find_spec(_PACKAGE) is None else None


def _rebased_file(text: str, folder: Path) -> str:
    if not text.startswith(_FILE):
        return text
    return _FILE + rebased(text.removeprefix(_FILE), folder)
