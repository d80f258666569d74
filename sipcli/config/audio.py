"""Kinds that name where sound comes from and where it goes."""

import re
from pathlib import Path
from typing import Final

from sipcli.config.values import Kind, Unacceptable, clean, of_text, rebased

_TONE: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_HIGHEST_TONE: Final = 24_000
"""Hz: half the sampling rate, above which there is no tone."""
_FILE: Final = "file:"


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
        accepts="device, device:NAME, file:PATH, tone:HZ, noise, silence or -",
        metavar="SOURCE",
        rebase=_rebased_file,
    )


def sink_kind() -> Kind[str]:
    """Where what is received goes."""

    def read(text: str) -> str:
        word, colon, rest = clean(text).partition(":")
        if colon and word in ("device", "file") and rest:
            return text
        if text in ("device", "null", "-"):
            return text
        raise Unacceptable

    return of_text(
        read,
        accepts="device, device:NAME, file:PATH.wav, null or -",
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


def _rebased_file(text: str, folder: Path) -> str:
    if not text.startswith(_FILE):
        return text
    return _FILE + rebased(text.removeprefix(_FILE), folder)
