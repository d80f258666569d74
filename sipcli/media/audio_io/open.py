"""The words of `--audio-in`, `--audio-out` and `--record` as things that can be opened.

Parsing touches nothing; `check` looks whether what was named is there, before a call is
placed; `open` is for one call, and may be done again for the next.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sipcli.errors import ConfigError
from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.device import DeviceSink, DeviceSource
from sipcli.media.audio_io.files import check_file, open_file
from sipcli.media.audio_io.hardware import HARDWARE, Hardware
from sipcli.media.audio_io.pipes import StdoutSink, open_stdin
from sipcli.media.audio_io.portaudio import Direction, check
from sipcli.media.audio_io.sink import AudioSink, NullSink
from sipcli.media.audio_io.source import AudioSource, Noise, Silence, ToneSource
from sipcli.media.audio_io.wav import FileNames, Recorder, WavSink
from sipcli.media.pcm import RATE

SOURCES: Final = "device, device:NAME, file:PATH, file:PATH#loop, tone:HZ, noise, silence or -"
SINKS: Final = "device, device:NAME, file:PATH.wav, null or -"
_LOOP: Final = "#loop"
_HZ: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")


class SourceSpec(Protocol):
    """Where sound is to come from."""

    def check(self) -> None:
        """Raises `DeviceError` where what was named is missing; opens nothing."""

    def open(self, warn: Warn) -> AudioSource:
        """Open it for one call. Raises `DeviceError`."""


class SinkSpec(Protocol):
    """Where sound is to go."""

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

    hardware: Hardware
    name: str | None
    """None is the system's default, which may be missing: then silence is sent."""

    def check(self) -> None:
        """Raises `DeviceError` where one was named that is missing or cannot be used."""
        if self.name is not None:
            check(Direction.INPUT, self.name)

    def open(self, warn: Warn) -> AudioSource:
        """Listen to it; it opens in a moment, and one that cannot be opened is a warning."""
        return DeviceSource(self.hardware, self.name, warn)


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """A device to play on."""

    hardware: Hardware
    name: str | None
    """None is the system's default, which may be missing: then what is heard is dropped."""

    def check(self) -> None:
        """Raises `DeviceError` where one was named that is missing or cannot be used."""
        if self.name is not None:
            check(Direction.OUTPUT, self.name)

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


def parse_source(text: str, hardware: Hardware = HARDWARE) -> SourceSpec:
    """What `--audio-in` says. Raises `ConfigError`."""
    word, colon, rest = text.partition(":")
    match word:
        case "silence" if not colon:
            return MadeSource(lambda _: Silence())
        case "noise" if not colon:
            return MadeSource(lambda _: Noise())
        case "-" if not colon:
            return MadeSource(open_stdin)
        case "device" if bool(rest) == bool(colon):
            return Microphone(hardware, rest or None)
        case "tone" if _HZ.fullmatch(rest) and 0 < float(rest) < RATE / 2:
            return MadeSource(lambda _: ToneSource(float(rest)))
        case "file" if rest.removesuffix(_LOOP):
            return FileSource(_path(rest.removesuffix(_LOOP)), loop=rest.endswith(_LOOP))
    raise ConfigError(f"{text!r} is no source of sound: {SOURCES} would be")


def parse_sink(text: str, hardware: Hardware = HARDWARE) -> SinkSpec:
    """What `--audio-out` says. Raises `ConfigError`."""
    word, colon, rest = text.partition(":")
    match word:
        case "null" if not colon:
            return MadeSink(lambda _: NullSink())
        case "-" if not colon:
            return MadeSink(StdoutSink)
        case "device" if bool(rest) == bool(colon):
            return Loudspeaker(hardware, rest or None)
        case "file" if rest.lower().endswith(".wav"):
            return FileSink(FileNames(_path(rest)))
    raise ConfigError(f"{text!r} is no sink for sound: {SINKS} would be")


def parse_record(text: str) -> RecorderSpec:
    """What `--record` says. Raises `ConfigError`."""
    if not text:
        raise ConfigError("--record: a path is missing")
    return RecorderSpec(FileNames(_path(text)))


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text))  # pathlib's raises where no home is known
