"""The sources and sinks that `--audio-in`, `--audio-out` and `--record` name.

`catalog/audio_spec.py` declares the words, and for each the file in this folder that opens it.
Parsing opens nothing. `check` finds what is missing before a call is placed. `open` serves one
call; call it again for the next.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from sipcli.catalog.audio_spec import SINKS, SOURCES, AudioGrammar, AudioSpec
from sipcli.errors import ConfigError
from sipcli.media.audio_io.background import Warn
from sipcli.media.pcm import Pcm


class AudioSource(Protocol):
    """A stream of frames of 20 ms, for one call."""

    def read(self) -> Pcm:
        """Return the next frame (960 samples); silence if there is none. Never blocks or raises.

        It is called every 20 ms, always from the same thread.
        """

    def close(self) -> None:
        """Release its resources. May be called more than once."""


class AudioSink(Protocol):
    """The destination of a stream of frames of 20 ms, for one call."""

    def write(self, frame: Pcm) -> None:
        """Write the next frame (960 samples), without modifying it. Never blocks or raises.

        It is called every 20 ms, always from the same thread.
        """

    def close(self) -> None:
        """Finish writing. May be called more than once."""


class AudioTap(Protocol):
    """A listener to both directions of one call, frame by frame: a recorder, an expectation."""

    def write(self, sent: Pcm, received: Pcm) -> None:
        """Add a frame of each direction (960 samples), without modifying it. Never blocks."""

    def close(self) -> None:
        """Finish it. May be called more than once."""


class SourceSpec(Protocol):
    """A source that can be checked and opened."""

    @property
    def file(self) -> Path | None:
        """The file that it plays; None if it plays none."""

    def check(self) -> None:
        """Raise `DeviceError` if what it names is missing; opens nothing."""

    def open(self, warn: Warn) -> AudioSource:
        """Return it opened for one call. Raises `DeviceError`."""


class SinkSpec(Protocol):
    """A sink that can be checked and opened."""

    @property
    def file(self) -> Path | None:
        """The file that its first call writes; None if it writes none."""

    def check(self) -> None:
        """Raise `DeviceError` if what it names is missing; opens nothing."""

    def open(self, warn: Warn) -> AudioSink:
        """Return it opened for one call. Raises `DeviceError`."""


@dataclass(frozen=True, slots=True)
class ReadySource:
    """A source that is always available."""

    make: Callable[[Warn], AudioSource]
    file: None = None

    def check(self) -> None:
        """Do nothing: it is always available."""

    def open(self, warn: Warn) -> AudioSource:
        """Make one."""
        return self.make(warn)


@dataclass(frozen=True, slots=True)
class ReadySink:
    """A sink that is always available."""

    make: Callable[[Warn], AudioSink]
    file: None = None

    def check(self) -> None:
        """Do nothing: it is always available."""

    def open(self, warn: Warn) -> AudioSink:
        """Make one."""
        return self.make(warn)


def parse_source(text: str) -> SourceSpec:
    """Return the source that `--audio-in` names. Raises `ConfigError`."""
    module, spec = _parse(SOURCES, text, "source")
    make: Callable[[AudioSpec], SourceSpec] = import_module(module).source
    return make(spec)


def parse_sink(text: str) -> SinkSpec:
    """Return the sink that `--audio-out` names. Raises `ConfigError`."""
    module, spec = _parse(SINKS, text, "sink")
    make: Callable[[AudioSpec], SinkSpec] = import_module(module).sink
    return make(spec)


def _parse(grammar: AudioGrammar, text: str, kind: str) -> tuple[str, AudioSpec]:
    """Return the name of the module that opens `text`, and what it is to open."""
    word, spec = grammar.find(text), grammar.parse(text)
    if word is None or spec is None:
        raise ConfigError(f"{text!r} is not an audio {kind}: expected {grammar.usage}")
    return f"{__package__}.{word.module}", spec


def expand_path(text: str) -> Path:
    """Return the path that `text` names; `~` is the home folder, if one is known."""
    return Path(os.path.expanduser(text))  # pathlib's raises where no home is known
