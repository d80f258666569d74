"""Raw audio on stdin and stdout: signed 16-bit little-endian, mono, 48 kHz."""

from collections.abc import Generator
from io import FileIO
from typing import Final

import numpy as np

from sipcli.catalog.audio_spec import AudioSpec
from sipcli.media.audio_io.background import BackgroundReader, BackgroundWriter, Warn
from sipcli.media.audio_io.open import ReadySink, ReadySource
from sipcli.media.pcm import FRAME, Pcm

STDIN: Final = 0
STDOUT: Final = 1
MAX_WAITING: Final = 50
"""Maximum frames queued for a slow reader of stdout: 1 s, since older sound is useless."""
_BYTES: Final = 2 * FRAME
"""In a frame."""


def open_stdin(warn: Warn, fd: int = STDIN) -> BackgroundReader:
    """Read stdin as data arrives, at most 2 s ahead; silence after its end."""
    return BackgroundReader(_frames(fd), "stdin", warn)


class StdoutSink:
    """Writes frames to stdout; if the reader closes it, warns once."""

    def __init__(self, warn: Warn, fd: int = STDOUT) -> None:
        self._writer = BackgroundWriter(_Pipe(fd), "stdout", warn, pause=0, max_waiting=MAX_WAITING)

    def write(self, frame: Pcm) -> None:
        """Add a frame."""
        self._writer.write(frame.astype("<i2", copy=False).tobytes())

    def close(self) -> None:
        """Write the pending frames; stdout itself stays open."""
        self._writer.close()


def source(_spec: AudioSpec) -> ReadySource:
    """Return the source of the word `-`."""
    return ReadySource(open_stdin)


def sink(_spec: AudioSpec) -> ReadySink:
    """Return the sink of the word `-`."""
    return ReadySink(StdoutSink)


class _Pipe:
    def __init__(self, fd: int) -> None:
        # FileIO and not os.write: it knows Windows' text mode, and leaves it.
        self._file = FileIO(fd, "wb", closefd=False)

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) or 0 :]

    def close(self) -> None:
        self._file.close()


def _frames(fd: int) -> Generator[Pcm, None, None]:
    with FileIO(fd, "rb", closefd=False) as file:
        held = bytearray()
        while data := file.read(_BYTES):
            held += data
            while len(held) >= _BYTES:
                yield _pcm(held[:_BYTES])
                del held[:_BYTES]
        if held:
            yield _pcm(held.ljust(_BYTES, b"\0")[:_BYTES])


def _pcm(data: bytearray) -> Pcm:
    return np.frombuffer(data, "<i2").astype(np.int16)
