"""Play audio files of any format that FFmpeg reads."""

import errno
import os
import stat
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer

from sipcli.catalog.audio_spec import AudioSpec, split_loop
from sipcli.errors import DeviceError
from sipcli.files import file_mode
from sipcli.media.audio_io.background import BackgroundReader, Warn
from sipcli.media.audio_io.open import expand_path
from sipcli.media.pcm import FRAME, RATE, Pcm


@dataclass(frozen=True, slots=True)
class FileSource:
    """An audio file that is played."""

    file: Path
    loop: bool

    def check(self) -> None:
        """Raise `DeviceError` if there is no file that can be read."""
        check_file(self.file)

    def open(self, warn: Warn) -> BackgroundReader:
        """Return a source that plays it from its start. Raises `DeviceError`."""
        return open_file(self.file, warn, loop=self.loop)


def source(spec: AudioSpec) -> FileSource:
    """Return the source of the word `file`."""
    path, loop = split_loop(spec.value)
    return FileSource(expand_path(path), loop=loop)


def check_file(path: Path) -> None:
    """Raise `DeviceError` if the file is missing or cannot be read."""
    try:
        reason = _obstacle(path)
    except OSError as error:  # a folder that may not be looked into, a name that is too long
        reason = error.strerror or str(error)
    if reason is not None:
        raise _unusable(path, reason)


def _obstacle(path: Path) -> str | None:
    """Return why it cannot be read, without opening it. Raises `OSError` if `stat` fails."""
    mode = file_mode(path)
    if mode is None:
        return os.strerror(errno.ENOENT)
    if stat.S_ISDIR(mode):
        return os.strerror(errno.EISDIR)
    return None if os.access(path, os.R_OK) else os.strerror(errno.EACCES)


def open_file(path: Path, warn: Warn, *, loop: bool) -> BackgroundReader:
    """Play a file once or in a loop. Raises `DeviceError`.

    Reads the file's header at once, and the rest ahead of time in a thread.
    """
    check_file(path)
    container = _container(path)
    return BackgroundReader(_frames(path, container, loop=loop), str(path), warn)


def _container(path: Path) -> InputContainer:
    # "file:" and the whitelist keep FFmpeg from taking a name, or what a playlist holds, for
    # the address of something else.
    try:
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unusable(path, getattr(error, "strerror", None) or str(error)) from error
    if not container.streams.audio:
        container.close()
        raise _unusable(path, "it has no audio stream")
    return container


def _frames(path: Path, container: InputContainer, *, loop: bool) -> Generator[Pcm, None, None]:
    rest = np.zeros(0, np.int16)
    while True:
        is_empty = True
        with container:
            for pcm in _decoded(container):
                is_empty = False
                rest = np.concatenate((rest, pcm))
                whole = len(rest) - len(rest) % FRAME
                yield from rest[:whole].reshape(-1, FRAME)
                rest = rest[whole:]
        if is_empty:
            raise ValueError("it has no audio stream")
        if not loop:
            break
        container = _reopened(path)
    if len(rest):
        yield np.pad(rest, (0, FRAME - len(rest)))


def _reopened(path: Path) -> InputContainer:
    try:
        return _container(path)
    except DeviceError as error:  # it went away while it was played
        raise ValueError(str(error)) from error


def _decoded(container: InputContainer) -> Iterator[Pcm]:
    """Yield the file's first audio stream, at 48 kHz, mixed to mono."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    for frame in container.decode(container.streams.audio[0]):
        for converted in resampler.resample(frame):
            yield converted.to_ndarray()[0]
    for converted in resampler.resample(None):
        yield converted.to_ndarray()[0]


def _unusable(path: Path, reason: str) -> DeviceError:
    return DeviceError(f"the file {path} cannot be played: {reason}")
