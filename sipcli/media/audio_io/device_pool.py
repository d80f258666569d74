"""Keep the devices in use open, and reopen them when they disappear and come back.

PortAudio blocks on drivers, so a separate thread does all of it. It ends with the last user.
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
    DeviceKind,
    NoDevices,
    NoPortAudio,
    OpenDevice,
    open_stream,
    rescan,
)

FIRST_WAIT: Final = 0.5
"""Seconds after a loss before a device is retried; doubles each time."""
MAX_WAIT: Final = 30.0
_RESCAN_WAIT: Final = 4.0
"""From this wait on, rescan for devices even if that interrupts a working one."""
_WATCH: Final = 0.5
"""Seconds between checks for live callbacks and due retries."""
_STALLED: Final = 8
"""Checks in a row without new samples, after which a device counts as lost."""
_GOODBYE: Final = 1.0
"""Maximum seconds to wait for devices to close at exit."""

_MEANWHILE: Final = {
    DeviceKind.INPUT: "sending silence",
    DeviceKind.OUTPUT: "dropping received audio",
}


class SharedDevice:
    """A device in use, shared by its users; `DevicePool` keeps it open."""

    def __init__(self, direction: DeviceKind, name: str | None) -> None:
        self.direction = direction
        self.name = name
        """None is the system's default."""
        self.opened: OpenDevice | None = None
        """None while there is no such device."""
        self.warnings: deque[str] = deque()
        """Warnings for the user, to be reported by one of the users of the port."""
        self.users = 0
        self.losses = 0
        """How often it disappeared."""
        self.finished = False
        """Set from PortAudio's thread when the stream ended on its own."""
        self.retry_at = 0.0
        self.wait = FIRST_WAIT
        self.is_missed = False
        """True if its absence was reported."""
        self.moved = 0
        self.idle_looks = 0

    def is_lost(self) -> bool:
        """Return True if its stream has ended or stalled; call it at each check."""
        if self.opened is None:
            return False
        ring = self.opened.ring
        self.idle_looks = self.idle_looks + 1 if ring.moved == self.moved else 0
        self.moved = ring.moved
        return self.finished or self.idle_looks >= _STALLED


class DevicePool:
    """All ports of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # of the ports' dictionary, their users, and the thread
        self._ports: dict[tuple[DeviceKind, str | None], SharedDevice] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._told: set[str] = set()

    def acquire(self, direction: DeviceKind, name: str | None) -> SharedDevice:
        """Return the port of a device, which opens shortly; `release` it at the end.

        Raises `DeviceError` if the system cannot start a thread.
        """
        with self._lock:
            if self._thread is None:
                self._thread = started(self._run, "devices")
                atexit.register(self._join, self._thread)
            port = self._ports.setdefault((direction, name), SharedDevice(direction, name))
            port.users += 1
        self._wake.set()
        return port

    def release(self, port: SharedDevice) -> None:
        """Stop using a port; the device closes after its last user."""
        with self._lock:
            port.users -= 1
        self._wake.set()

    def _join(self, thread: threading.Thread) -> None:
        """Wait for the thread: PortAudio must not end while a device is being closed."""
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

    def _look_after(self, ports: list[SharedDevice]) -> None:
        """Keep `ports` open; report any error to their users, and retry."""
        try:
            self._keep(ports)
        except Exception as error:  # noqa: BLE001 - it would die unreported with this thread
            fault = DeviceError(f"a bug in sipcli: {type(error).__name__}: {error}")
            for port in ports:
                self._close(port)
                self._do_without(port, fault)

    def _keep(self, ports: list[SharedDevice]) -> None:
        now = time.monotonic()
        for port in ports:
            if port.is_lost():
                self._lose(port, now)
        due = [port for port in ports if port.opened is None and port.retry_at <= now]
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

    def _needs_rescan(self, port: SharedDevice, ports: list[SharedDevice]) -> bool:
        """Return True if a rescan is worthwhile, although it closes working devices."""
        if not port.is_missed:
            return False  # it was never tried
        if not any(other.opened for other in ports):
            return True
        return port.losses > 0 and port.wait >= _RESCAN_WAIT

    def _open(self, port: SharedDevice) -> None:
        port.finished = False
        port.idle_looks = 0

        def finished() -> None:
            port.finished = True
            self._wake.set()

        try:
            port.opened = open_stream(port.direction, port.name, finished)
        except DeviceError as error:
            self._do_without(port, error)
            return
        if port.is_missed:
            port.warnings.append(f"the {port.direction.value} {port.opened.device.name!r} is back")
        port.wait = FIRST_WAIT
        port.is_missed = False

    def _do_without(self, port: SharedDevice, error: DeviceError) -> None:
        """Report why there is no device, once until it is back, and retry later."""
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
                port.warnings.append(f"{error.text}: {_MEANWHILE[port.direction]}")
        port.is_missed = True

    def _lose(self, port: SharedDevice, now: float) -> None:
        name = port.opened.device.name if port.opened else ""
        self._close(port)
        port.losses += 1
        port.is_missed = True
        port.warnings.append(
            f"the {port.direction.value} {name!r} disappeared: {_MEANWHILE[port.direction]} "
            "until it is back"
        )
        port.retry_at = now + port.wait

    def _later(self, port: SharedDevice) -> None:
        port.retry_at = time.monotonic() + port.wait
        port.wait = min(2 * port.wait, MAX_WAIT)

    def _tell_once(self, port: SharedDevice, text: str) -> None:
        """Report what concerns all ports once per process.

        Not if the device has just disappeared: that was reported already.
        """
        if text not in self._told and not port.is_missed:
            self._told.add(text)
            port.warnings.append(text)

    def _close(self, port: SharedDevice) -> None:
        if port.opened is not None:
            stream, port.opened = (
                port.opened,
                None,
            )  # in this order, so that a closed stream is never used
            with suppress(Exception):  # it is given up, and so is what its driver says to that
                stream.close()


DEVICE_POOL: Final = DevicePool()
"""PortAudio is global to the process, and so are its devices."""
