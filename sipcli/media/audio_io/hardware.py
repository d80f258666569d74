"""Keeps the devices that are in use open, through their vanishing and return.

PortAudio waits for drivers, so a thread of its own does all of it. It ends with the last user.
"""

import atexit
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final

from sipcli.errors import DeviceError
from sipcli.media.audio_io.background import started
from sipcli.media.audio_io.portaudio import (
    Direction,
    NoDevices,
    NoPortAudio,
    Open,
    open_stream,
    rescan,
)

FIRST_WAIT: Final = 0.5
"""Seconds after a loss before a device is tried again; each further wait is twice as long."""
MAX_WAIT: Final = 30.0
_RESCAN_WAIT: Final = 4.0
"""From this wait on devices are looked for even if that interrupts one that is fine."""
_WATCH: Final = 0.5
"""Seconds between looks at whether the callbacks still come, and a wait is over."""
_STALLED: Final = 8
"""Looks that found no new samples, after which a device counts as lost."""
_GOODBYE: Final = 1.0
"""Seconds that the end of the program waits for devices to close."""

_MEANWHILE: Final = {
    Direction.INPUT: "sending silence",
    Direction.OUTPUT: "dropping received audio",
}


class Port:
    """A device in use, by all who use it; `hardware` keeps it open while it can."""

    def __init__(self, direction: Direction, name: str | None) -> None:
        self.direction = direction
        self.name = name
        """None is the system's default."""
        self.open: Open | None = None
        """None while there is no such device."""
        self.news: deque[str] = deque()
        """What a person should know, for one of the users to tell."""
        self.users = 0
        self.losses = 0
        """Times that it vanished."""
        self.finished = False
        """Set from PortAudio's thread when the stream ended by itself."""
        self.retry_at = 0.0
        self.wait = FIRST_WAIT
        self.is_missed = False
        """Whether its absence was told."""
        self.moved = 0
        self.idle_looks = 0

    def is_lost(self) -> bool:
        """Whether its stream has ended, or gives no sign of life; asked at each look."""
        if self.open is None:
            return False
        ring = self.open.ring
        self.idle_looks = self.idle_looks + 1 if ring.moved == self.moved else 0
        self.moved = ring.moved
        return self.finished or self.idle_looks >= _STALLED


class Hardware:
    """All ports of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # of the ports' dictionary, their users, and the thread
        self._ports: dict[tuple[Direction, str | None], Port] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._told: set[str] = set()

    def use(self, direction: Direction, name: str | None) -> Port:
        """The port of a device, which opens in a moment; `leave` it in the end.

        Raises `DeviceError` where the system has no thread left for it.
        """
        with self._lock:
            if self._thread is None:
                self._thread = started(self._run, "devices")
                atexit.register(self._join, self._thread)
            port = self._ports.setdefault((direction, name), Port(direction, name))
            port.users += 1
        self._wake.set()
        return port

    def leave(self, port: Port) -> None:
        """One user less; the device closes after its last one."""
        with self._lock:
            port.users -= 1
        self._wake.set()

    def _join(self, thread: threading.Thread) -> None:
        """PortAudio must not end while a device is being closed."""
        thread.join(_GOODBYE)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            with self._lock:
                unused = [key for key, port in self._ports.items() if not port.users]
                left = [self._ports.pop(key) for key in unused]
                ports = list(self._ports.values())
                if not ports and not left:
                    atexit.unregister(self._join)
                    self._thread = None
                    return
            for port in left:  # without the lock: a driver may take its time
                self._close(port)
            if ports:
                self._look_after(ports)
                self._wake.wait(_WATCH)

    def _look_after(self, ports: list[Port]) -> None:
        """Keep `ports` open; whatever keeps us from it is told to their users, and tried again."""
        try:
            self._keep(ports)
        except Exception as error:  # noqa: BLE001 - it would end with this thread, and unheard
            fault = DeviceError(f"a bug in sipcli: {type(error).__name__}: {error}")
            for port in ports:
                self._close(port)
                self._do_without(port, fault)

    def _keep(self, ports: list[Port]) -> None:
        now = time.monotonic()
        for port in ports:
            if port.is_lost():
                self._lose(port, now)
        due = [port for port in ports if port.open is None and port.retry_at <= now]
        if any(self._needs_rescan(port, ports) for port in due):
            for port in ports:
                self._close(port)
            due = ports
            try:
                rescan()
            except DeviceError as error:
                for port in due:
                    self._do_without(port, error)
                return
        for port in due:
            self._open(port)

    def _needs_rescan(self, port: Port, ports: list[Port]) -> bool:
        """Whether looking for new devices is worth it: that closes those that are fine."""
        if not port.is_missed:
            return False  # it was never tried
        if not any(other.open for other in ports):
            return True
        return port.losses > 0 and port.wait >= _RESCAN_WAIT

    def _open(self, port: Port) -> None:
        port.finished = False
        port.idle_looks = 0

        def finished() -> None:
            port.finished = True
            self._wake.set()

        try:
            port.open = open_stream(port.direction, port.name, finished)
        except DeviceError as error:
            self._do_without(port, error)
            return
        if port.is_missed:
            port.news.append(f"the {port.direction.value} {port.open.device.name!r} is back")
        port.wait = FIRST_WAIT
        port.is_missed = False

    def _do_without(self, port: Port, error: DeviceError) -> None:
        """Tell why there is no device, once for as long as there is none, and try again later."""
        if isinstance(error, NoPortAudio):
            port.retry_at = float("inf")
            self._tell_once(
                port, f"{error.text}. Until then: sending silence, dropping received audio"
            )
        else:
            self._later(port)
            if isinstance(error, NoDevices):
                self._tell_once(port, f"{error.text}: sending silence, dropping received audio")
            elif not port.is_missed:
                port.news.append(f"{error.text}: {_MEANWHILE[port.direction]}")
        port.is_missed = True

    def _lose(self, port: Port, now: float) -> None:
        name = port.open.device.name if port.open else ""
        self._close(port)
        port.losses += 1
        port.is_missed = True
        port.news.append(
            f"the {port.direction.value} {name!r} disappeared: {_MEANWHILE[port.direction]} "
            "until it is back"
        )
        port.retry_at = now + port.wait

    def _later(self, port: Port) -> None:
        port.retry_at = time.monotonic() + port.wait
        port.wait = min(2 * port.wait, MAX_WAIT)

    def _tell_once(self, port: Port, text: str) -> None:
        """What is true of all ports alike is told once in the life of the process.

        Where a device has just gone, that was told already.
        """
        if text not in self._told and not port.is_missed:
            self._told.add(text)
            port.news.append(text)

    def _close(self, port: Port) -> None:
        if port.open is not None:
            stream, port.open = port.open, None  # in this order: nobody uses a closed one
            with suppress(Exception):  # it is given up, and so is what its driver says to that
                stream.close()


HARDWARE: Final = Hardware()
"""PortAudio is one for the process, and so are its devices."""
