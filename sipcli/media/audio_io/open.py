"""Sources and sinks that the words of `--audio-in`, `--audio-out` and `--record` name.

Parsing (by `catalog/audio_spec.py`) opens nothing. `check` raises for what is missing before a
call is placed. `open` serves one call; call it again for the next.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sipcli.catalog.audio_spec import SINKS, SOURCES, AudioSpec, is_path, split_loop
from sipcli.errors import ConfigError
from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.device import DeviceSink, DeviceSource
from sipcli.media.audio_io.device_pool import DEVICE_POOL, DevicePool
from sipcli.media.audio_io.files import check_file, open_file
from sipcli.media.audio_io.pipes import StdoutSink, open_stdin
from sipcli.media.audio_io.portaudio import DeviceKind, check_device
from sipcli.media.audio_io.sink import AudioSink, NullSink
from sipcli.media.audio_io.source import GENERATORS, AudioSource
from sipcli.media.audio_io.wav import FileNames, Recorder, WavSink


class SourceSpec(Protocol):
    """A source that can be checked and opened."""

    def check(self) -> None:
        """Raises `DeviceError` where what was named is missing; opens nothing."""

    def open(self, warn: Warn) -> AudioSource:
        """Open it for one call. Raises `DeviceError`."""


class SinkSpec(Protocol):
    """A sink that can be checked and opened."""

    def check(self) -> None:
        """Raises `DeviceError` where what was named is missing; opens nothing."""

    def open(self, warn: Warn) -> AudioSink:
        """Open it for one call. Raises `DeviceError`."""


@dataclass(frozen=True, slots=True)
class MadeSource:
    """A source that can always be had."""

    make: Callable[[Warn], AudioSource]

    def check(self) -> None:
        """It is always there."""

    def open(self, warn: Warn) -> AudioSource:
        """Make one."""
        return self.make(warn)


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file that is played."""

    path: Path
    loop: bool

    def check(self) -> None:
        """Raises `DeviceError` where there is no file that can be read."""
        check_file(self.path)

    def open(self, warn: Warn) -> AudioSource:
        """Play it from its beginning. Raises `DeviceError`."""
        return open_file(self.path, warn, loop=self.loop)


@dataclass(frozen=True, slots=True)
class MadeSink:
    """A sink that can always be had."""

    make: Callable[[Warn], AudioSink]

    def check(self) -> None:
        """It is always there."""

    def open(self, warn: Warn) -> AudioSink:
        """Make one."""
        return self.make(warn)


@dataclass(frozen=True, slots=True)
class FileSink:
    """A WAV file of one channel; each further call gets a file of its own, with a number."""

    names: FileNames

    def check(self) -> None:
        """Raises `DeviceError` where the file cannot be made."""
        self.names.check()

    def open(self, warn: Warn) -> AudioSink:
        """Begin the next file. Raises `DeviceError`."""
        return WavSink(self.names.next(), warn)


@dataclass(frozen=True, slots=True)
class Microphone:
    """A device to hear with."""

    hardware: DevicePool
    name: str | None
    """None is the system's default, which may be missing: then silence is sent."""

    def check(self) -> None:
        """Raises `DeviceError` where one was named that is missing or cannot be used."""
        if self.name is not None:
            check_device(DeviceKind.INPUT, self.name)

    def open(self, warn: Warn) -> AudioSource:
        """Listen to it; it opens in a moment, and one that cannot be opened is a warning."""
        return DeviceSource(self.hardware, self.name, warn)


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """A device to play on."""

    hardware: DevicePool
    name: str | None
    """None is the system's default, which may be missing: then what is heard is dropped."""

    def check(self) -> None:
        """Raises `DeviceError` where one was named that is missing or cannot be used."""
        if self.name is not None:
            check_device(DeviceKind.OUTPUT, self.name)

    def open(self, warn: Warn) -> AudioSink:
        """Play on it; it opens in a moment, and one that cannot be opened is a warning."""
        return DeviceSink(self.hardware, self.name, warn)


@dataclass(frozen=True, slots=True)
class RecorderSpec:
    """`--record`: a WAV file of both directions for each call."""

    names: FileNames

    def check(self) -> None:
        """Raises `DeviceError` where the file cannot be made."""
        self.names.check()

    def open(self, warn: Warn) -> Recorder:
        """Begin the next file. Raises `DeviceError`."""
        return Recorder(self.names.next(), warn)


def parse_source(text: str, hardware: DevicePool = DEVICE_POOL) -> SourceSpec:
    """Return the source that `--audio-in` names. Raises `ConfigError`."""
    match SOURCES.parse(text):
        case AudioSpec("-"):
            return MadeSource(open_stdin)
        case AudioSpec("device", name):
            return Microphone(hardware, name or None)
        case AudioSpec("file", value):
            path, loop = split_loop(value)
            return FileSource(_path(path), loop=loop)
        case AudioSpec(word, value):
            make = GENERATORS[word]
            return MadeSource(lambda _: make(value))
    raise ConfigError(f"{text!r} is not an audio source: expected {SOURCES.usage}")


def parse_sink(text: str, hardware: DevicePool = DEVICE_POOL) -> SinkSpec:
    """Return the sink that `--audio-out` names. Raises `ConfigError`."""
    match SINKS.parse(text):
        case AudioSpec("null"):
            return MadeSink(lambda _: NullSink())
        case AudioSpec("-"):
            return MadeSink(StdoutSink)
        case AudioSpec("device", name):
            return Loudspeaker(hardware, name or None)
        case AudioSpec("file", path):
            return FileSink(FileNames(_path(path)))
    raise ConfigError(f"{text!r} is not an audio sink: expected {SINKS.usage}")


def parse_record(text: str) -> RecorderSpec:
    """Return the recording that `--record` names. Raises `ConfigError`."""
    if not text:
        raise ConfigError("--record: the path is missing")
    if not is_path(text):
        raise ConfigError(f"--record: {text!r} is not a path: it holds a NUL character")
    return RecorderSpec(FileNames(_path(text)))


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text))  # pathlib's raises where no home is known
