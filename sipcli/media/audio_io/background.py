"""Read ahead and write behind in a thread, so that no disk or pipe blocks a call.

Errors in the thread are reported by the call's own thread, at the next frame or at the end:
`warn` need not be thread-safe.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Final, Protocol, TypeAlias

from sipcli.errors import DeviceError
from sipcli.media.pcm import FRAME, Pcm, silence

Warn: TypeAlias = Callable[[str], None]
"""Called with a one-sentence warning for the user."""

AHEAD: Final = 100
"""Maximum frames read ahead: 2 s."""
_REFILL: Final = 50
"""Resume reading at this many frames: the thread wakes once a second, not for each frame."""
CLOSE_TIME: Final = 0.5
"""Maximum seconds that `close` waits for the last bytes to be written."""


def start_thread(work: Callable[[], None], name: str) -> threading.Thread:
    """Start a daemon thread that runs `work`.

    Raises `DeviceError` if the system cannot start a thread.
    """
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise DeviceError(f"{name}: the system cannot start a thread for it") from error
    return thread


def _describe(error: Exception) -> str:
    """Return the text of an error, with its type unless it is an OSError or ValueError."""
    if isinstance(error, OSError | ValueError):
        return getattr(error, "strerror", None) or str(error)
    return f"{type(error).__name__}: {error}"


class BackgroundReader:
    """A source whose frames are produced ahead of time, in its own thread."""

    def __init__(self, frames: Generator[Pcm, None, None], name: str, warn: Warn) -> None:
        """`frames` may block, and an exception from it ends the source.

        Raises `DeviceError` if the system cannot start a thread.
        """
        self._frames = frames
        self._name = name
        self._warn = warn
        self._ready: deque[Pcm] = deque()
        self._room = threading.Event()
        self._is_done = False
        self._is_closed = False
        self._failure: str | None = None
        start_thread(self._run, f"read {name}")

    @property
    def ended(self) -> bool:
        """True once the last frame was read."""
        return (
            self._is_done and not self._ready
        )  # in this order: the last frame is added before it is done

    def read(self) -> Pcm:
        """Return the next frame, or silence while there is none."""
        if self._failure is not None:
            text, self._failure = self._failure, None
            self._warn(text)
        if len(self._ready) <= _REFILL:
            self._room.set()
        return self._ready.popleft() if self._ready else silence(FRAME)

    def close(self) -> None:
        """Stop reading. A thread blocked on input ends with the next input, or with the process."""
        self._is_closed = True
        self._ready.clear()
        self._room.set()

    def _run(self) -> None:
        try:
            with closing(self._frames):
                for frame in self._frames:
                    self._ready.append(frame)
                    self._wait_for_room()
                    if self._is_closed:
                        break
        except Exception as error:  # noqa: BLE001 - decoders raise anything, and it is reported
            self._failure = f"{self._name} ended early: {_describe(error)}"
        self._is_done = True

    def _wait_for_room(self) -> None:
        while True:
            self._room.clear()  # before the check, so that no later `set` is lost
            if len(self._ready) < AHEAD or self._is_closed:
                return
            self._room.wait()


class Destination(Protocol):
    """The output of a `BackgroundWriter`; both methods may block, and raise OSError."""

    def write(self, data: bytes) -> None:
        """Write all of `data`."""

    def close(self) -> None:
        """Finish it."""


class BackgroundWriter:
    """Writes bytes to a destination, in order, in its own thread."""

    def __init__(
        self, destination: Destination, name: str, warn: Warn, *, pause: float, max_waiting: int
    ) -> None:
        """`pause` is the maximum delay of a write in seconds; 0 writes at once.

        `max_waiting` is the maximum number of frames that wait; as many again may be in progress.
        Raises `DeviceError` if the system cannot start a thread.
        """
        self._destination = destination
        self._name = name
        self._warn = warn
        self._pause = pause
        self._max_waiting = max_waiting
        self._waiting: deque[bytes] = deque()
        self._wake = threading.Event()
        self._is_closed = False
        self._failure: str | None = None
        self.dropped = 0
        """Frames dropped because the destination was too slow or had failed."""
        self._thread = start_thread(self._run, f"write {name}")

    def write(self, frame: bytes) -> None:
        """Write one frame soon; drop it if the destination is too slow or has failed."""
        self._report_failure()
        if len(self._waiting) >= self._max_waiting or not self._thread.is_alive():
            if self.dropped == 0 and self._thread.is_alive():
                self._warn(f"{self._name} is too slow: audio is dropped")
            self.dropped += 1
            return
        self._waiting.append(frame)
        if not self._pause:
            self._wake.set()

    def close(self) -> None:
        """Write the pending frames and finish, within half a second."""
        if not self._is_closed:
            self._is_closed = True
            self._wake.set()
            self._thread.join(CLOSE_TIME)
            self._report_failure()

    def _report_failure(self) -> None:
        if self._failure is not None:
            text, self._failure = self._failure, None
            self._warn(text)

    def _run(self) -> None:
        try:
            with closing(self._destination):
                while True:
                    is_last = self._is_closed
                    self._wake.clear()
                    self._write_all()
                    if is_last:
                        break
                    self._wake.wait(self._pause or None)
        except Exception as error:  # noqa: BLE001 - it would die unreported with this thread
            self._failure = f"{self._name} cannot be written any more: {_describe(error)}"

    def _write_all(self) -> None:
        if self._waiting:
            self._destination.write(
                b"".join(self._waiting.popleft() for _ in range(len(self._waiting)))
            )
