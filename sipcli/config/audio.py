"""Kinds that name where sound comes from and where it goes, and what is done to it meanwhile."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from sipcli.config.settings import Audio
from sipcli.config.types import Kind, Unacceptable, boolean, clean, of_text, rebased

_TONE: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_HIGHEST_TONE: Final = 24_000
"""Hz: half the sampling rate, above which there is no tone."""
_FILE: Final = "file:"
_WAV: Final = ".wav"
_AUTO: Final[Literal["auto"]] = "auto"
_PACKAGE: Final = "pywebrtc_audio"


def source_kind() -> Kind[str]:
    """What is sent."""

    def read(text: str) -> str:
        word, colon, rest = clean(text).partition(":")
        if colon and word in ("device", "file") and rest:
            return text
        if colon and word == "tone" and _TONE.fullmatch(rest) and 0 < float(rest) < _HIGHEST_TONE:
            return text
        if text in ("device", "noise", "silence", "-"):
            return text
        raise Unacceptable

    return of_text(
        read,
        accepts="device, device:NAME, file:PATH, tone:HZ (above 0 and below "
        f"{_HIGHEST_TONE}), noise, silence or -",
        metavar="SOURCE",
        rebase=_rebased_file,
    )


def sink_kind() -> Kind[str]:
    """Where what is received goes."""

    def read(text: str) -> str:
        word, colon, rest = clean(text).partition(":")
        if colon and word == "device" and rest:
            return text
        if word == "file" and rest.lower().endswith(_WAV):
            return text
        if text in ("device", "null", "-"):
            return text
        raise Unacceptable

    return of_text(
        read,
        accepts=f"device, device:NAME, file:PATH{_WAV}, null or -",
        metavar="SINK",
        rebase=_rebased_file,
    )


def ring_kind() -> Kind[str]:
    """Where an incoming call rings."""

    def read(text: str) -> str:
        word, colon, rest = clean(text).partition(":")
        if text in ("device", "null") or (colon and word == "device" and rest):
            return text
        raise Unacceptable

    return of_text(read, accepts="device, device:NAME or null", metavar="SINK")


def boolean_or_auto() -> Kind[bool | Literal["auto"]]:
    """As `boolean`, or the word auto, which leaves it to us. As an option it is a flag."""
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


def lacks_a_package(audio: Audio) -> str | None:
    """The first key of the table that is true though what does it is not installed."""
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
