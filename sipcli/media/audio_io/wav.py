"""Write WAV files that are valid at any time, even after a kill (RIFF WAVE, 16-bit PCM)."""

import errno
import os
import stat
import struct
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np

from sipcli.catalog.audio_spec import AudioSpec, is_path
from sipcli.errors import ConfigError, DeviceError
from sipcli.files import file_mode, private
from sipcli.media.audio_io.background import BackgroundWriter, Warn
from sipcli.media.audio_io.open import expand_path
from sipcli.media.pcm import RATE, Pcm

PAUSE: Final = 0.2
"""Maximum seconds of sound lost by a kill."""
MAX_WAITING: Final = 500
"""Maximum frames queued for a busy disk: 10 s."""
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LARGEST: Final = 2**32 - 1 - _HEADER.size
"""Maximum bytes of sound in a file: its sizes have 32 bits. 12 hours of one channel."""


class WavFile:
    """A WAV file being written; its header is valid after each `write`."""

    def __init__(self, path: Path, channels: int) -> None:
        """Create the file, replacing an existing one. Raises OSError."""
        self._file = open(path, "wb", opener=private)  # noqa: SIM115 - `close` does
        self._channels = channels
        self._size = 0
        self._write_header()

    def write(self, data: bytes) -> None:
        """Add interleaved samples. Raises OSError."""
        if self._size + len(data) > _LARGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        self._file.seek(0, os.SEEK_END)
        self._file.write(data)
        self._file.flush()  # the sound first: a header may promise less than there is, not more
        self._size += len(data)
        self._write_header()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write_header(self) -> None:
        width = 2 * self._channels  # bytes for all channels at one time
        self._file.seek(0)
        self._file.write(
            _HEADER.pack(
                b"RIFF",
                _HEADER.size - 8 + self._size,
                b"WAVE",
                b"fmt ",
                16,
                1,  # PCM
                self._channels,
                RATE,
                RATE * width,
                width,
                16,
                b"data",
                self._size,
            )
        )
        self._file.flush()


class WavSink:
    """Writes frames to a mono WAV file."""

    def __init__(self, path: Path, warn: Warn) -> None:
        """Create the file. Raises `DeviceError`."""
        self._writer = _writer(path, 1, warn)

    def write(self, frame: Pcm) -> None:
        """Add a frame."""
        self._writer.write(frame.astype("<i2", copy=False).tobytes())

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class Recorder:
    """Writes both directions to one WAV file, in step: left is sent, right is received."""

    def __init__(self, path: Path, warn: Warn) -> None:
        """Create the file. Raises `DeviceError`."""
        self._writer = _writer(path, 2, warn)

    def write(self, sent: Pcm, received: Pcm) -> None:
        """Add a frame of each direction."""
        self._writer.write(np.column_stack((sent, received)).astype("<i2", copy=False).tobytes())

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class FileNames:
    """Numbered file names for successive calls, so that none overwrites another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers = count(1)

    def next(self) -> Path:
        """Return `call.wav`, then `call-2.wav`, `call-3.wav` and so on."""
        number = next(self._numbers)
        if number == 1:
            return self.path
        return self.path.with_name(f"{self.path.stem}-{number}{self.path.suffix}")

    def check(self) -> None:
        """Raise `DeviceError` if the file cannot be created; creates none."""
        try:
            reason = self._obstacle()
        except OSError as error:  # a folder that may not be looked into, a name that is too long
            reason = error.strerror or str(error)
        if reason is not None:
            raise _unusable(self.path, reason)

    def _obstacle(self) -> str | None:
        """Return why it cannot be created, without trying. Raises `OSError` if `stat` fails."""
        folder = self.path.parent
        mode, folder_mode = file_mode(self.path), file_mode(folder)
        if mode is not None and stat.S_ISDIR(mode):
            return os.strerror(errno.EISDIR)
        if mode is not None and stat.S_ISFIFO(mode):
            return "it is a pipe, and a WAV file's header has to be rewritten"
        if folder_mode is None or not stat.S_ISDIR(folder_mode):
            return f"the folder {folder} does not exist"
        place = folder if mode is None else self.path
        return None if os.access(place, os.W_OK) else os.strerror(errno.EACCES)


@dataclass(frozen=True, slots=True)
class FileSink:
    """A WAV file of one channel; each further call gets a file of its own, with a number."""

    names: FileNames

    @property
    def file(self) -> Path:
        """The file of the first call."""
        return self.names.path

    def check(self) -> None:
        """Raise `DeviceError` if the file cannot be created."""
        self.names.check()

    def open(self, warn: Warn) -> WavSink:
        """Return a sink that writes the next file. Raises `DeviceError`."""
        return WavSink(self.names.next(), warn)


@dataclass(frozen=True, slots=True)
class RecorderSpec:
    """`--record`: a WAV file of both directions for each call."""

    names: FileNames

    @property
    def file(self) -> Path:
        """The file of the first call."""
        return self.names.path

    def check(self) -> None:
        """Raise `DeviceError` if the file cannot be created."""
        self.names.check()

    def open(self, warn: Warn) -> Recorder:
        """Return a sink that writes the next file. Raises `DeviceError`."""
        return Recorder(self.names.next(), warn)


def sink(spec: AudioSpec) -> FileSink:
    """Return the sink of the word `file`."""
    return FileSink(FileNames(expand_path(spec.value)))


def parse_record(text: str) -> RecorderSpec:
    """Return the recording that `--record` names. Raises `ConfigError`."""
    if not text:
        raise ConfigError("--record: the path is missing")
    if not is_path(text):
        raise ConfigError(f"--record: {text!r} is not a path: it holds a NUL character")
    return RecorderSpec(FileNames(expand_path(text)))


def _writer(path: Path, channels: int, warn: Warn) -> BackgroundWriter:
    try:
        file = WavFile(path, channels)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    return BackgroundWriter(file, str(path), warn, pause=PAUSE, max_waiting=MAX_WAITING)


def _unusable(path: Path, reason: str) -> DeviceError:
    return DeviceError(f"the file {path} cannot be written: {reason}")
