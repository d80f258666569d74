"""Keep the devices in use open, and reopen them after they have disappeared.

PortAudio blocks on drivers, so a separate thread does all of it. It ends with the last user.
"""

import atexit
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final

from sipcli.errors import DeviceError
from sipcli.media.audio_io.background import start_thread
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
_CHECK_INTERVAL: Final = 0.5
"""Seconds between checks for live callbacks and due retries."""
_MAX_IDLE_CHECKS: Final = 8
"""Checks in a row without new samples, after which a device counts as lost."""
_EXIT_TIMEOUT: Final = 1.0
"""Maximum seconds to wait for devices to close at exit."""

_MEANWHILE: Final = {
    DeviceKind.INPUT: "sending silence",
    DeviceKind.OUTPUT: "dropping received audio",
}


class SharedDevice:
    """A device in use, shared by its users; the `DevicePool` keeps it open."""

    def __init__(self, kind: DeviceKind, name: str | None) -> None:
        self.kind = kind
        self.name = name
        """None is the system's default."""
        self.opened: OpenDevice | None = None
        """None while there is no such device."""
        self.warnings: deque[str] = deque()
        """Warnings for the user, to be reported by one of the users of the device."""
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
        self.idle_checks = 0

    def is_lost(self) -> bool:
        """Return True if its stream has ended or stalled; call it at each check."""
        if self.opened is None:
            return False
        ring = self.opened.ring
        self.idle_checks = self.idle_checks + 1 if ring.moved == self.moved else 0
        self.moved = ring.moved
        return self.finished or self.idle_checks >= _MAX_IDLE_CHECKS


class DevicePool:
    """All sound devices in use by the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # for the dictionary of devices, their users, and the thread
        self._devices: dict[tuple[DeviceKind, str | None], SharedDevice] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._reported: set[str] = set()

    def acquire(self, kind: DeviceKind, name: str | None) -> SharedDevice:
        """Return a device, which opens shortly; `release` it at the end.

        Raises `DeviceError` if the system cannot start a thread.
        """
        with self._lock:
            if self._thread is None:
                self._thread = start_thread(self._run, "devices")
                atexit.register(self._join, self._thread)
            device = self._devices.setdefault((kind, name), SharedDevice(kind, name))
            device.users += 1
        self._wake.set()
        return device

    def release(self, device: SharedDevice) -> None:
        """Stop using a device; it closes after its last user."""
        with self._lock:
            device.users -= 1
        self._wake.set()

    def _join(self, thread: threading.Thread) -> None:
        """Wait for the thread: PortAudio must not end while a device is being closed."""
        thread.join(_EXIT_TIMEOUT)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            with self._lock:
                unused = [key for key, device in self._devices.items() if not device.users]
                left = [self._devices.pop(key) for key in unused]
                devices = list(self._devices.values())
                if not devices and not left:
                    atexit.unregister(self._join)
                    self._thread = None
                    return
            for device in left:  # without the lock: a driver may be slow
                self._close(device)
            if devices:
                self._maintain(devices)
                self._wake.wait(_CHECK_INTERVAL)

    def _maintain(self, devices: list[SharedDevice]) -> None:
        """Keep `devices` open; report any error to their users, and retry."""
        try:
            self._reopen_lost(devices)
        except Exception as error:  # noqa: BLE001 - it would end this thread unreported
            fault = DeviceError(f"a bug in sipcli: {type(error).__name__}: {error}")
            for device in devices:
                self._close(device)
                self._report_missing(device, fault)

    def _reopen_lost(self, devices: list[SharedDevice]) -> None:
        now = time.monotonic()
        for device in devices:
            if device.is_lost():
                self._on_loss(device, now)
        due = [device for device in devices if device.opened is None and device.retry_at <= now]
        if any(self._needs_rescan(device, devices) for device in due):
            for device in devices:
                self._close(device)
            due = devices
            try:
                rescan()
            except DeviceError as error:
                for device in due:
                    self._report_missing(device, error)
                return
        for device in due:
            self._open(device)

    def _needs_rescan(self, device: SharedDevice, devices: list[SharedDevice]) -> bool:
        """Return True if a rescan is worthwhile, although it closes working devices."""
        if not device.is_missed:
            return False  # it was never tried
        if not any(other.opened for other in devices):
            return True
        return device.losses > 0 and device.wait >= _RESCAN_WAIT

    def _open(self, device: SharedDevice) -> None:
        device.finished = False
        device.idle_checks = 0

        def finished() -> None:
            device.finished = True
            self._wake.set()

        try:
            device.opened = open_stream(device.kind, device.name, finished)
        except DeviceError as error:
            self._report_missing(device, error)
            return
        if device.is_missed:
            device.warnings.append(f"the {device.kind.value} {device.opened.device.name!r} is back")
        device.wait = FIRST_WAIT
        device.is_missed = False

    def _report_missing(self, device: SharedDevice, error: DeviceError) -> None:
        """Report why there is no device, once until it is back, and retry later."""
        if isinstance(error, NoPortAudio):
            device.retry_at = float("inf")
            self._report_once(
                device, f"{error.text}. Until then: sending silence, dropping received audio"
            )
        else:
            self._schedule_retry(device)
            if isinstance(error, NoDevices):
                self._report_once(device, f"{error.text}: sending silence, dropping received audio")
            elif not device.is_missed:
                device.warnings.append(f"{error.text}: {_MEANWHILE[device.kind]}")
        device.is_missed = True

    def _on_loss(self, device: SharedDevice, now: float) -> None:
        name = device.opened.device.name if device.opened else ""
        self._close(device)
        device.losses += 1
        device.is_missed = True
        device.warnings.append(
            f"the {device.kind.value} {name!r} disappeared: {_MEANWHILE[device.kind]} "
            "until it is back"
        )
        device.retry_at = now + device.wait

    def _schedule_retry(self, device: SharedDevice) -> None:
        device.retry_at = time.monotonic() + device.wait
        device.wait = min(2 * device.wait, MAX_WAIT)

    def _report_once(self, device: SharedDevice, text: str) -> None:
        """Report once per process what concerns all devices.

        Not if the device has just disappeared: that was reported already.
        """
        if text not in self._reported and not device.is_missed:
            self._reported.add(text)
            device.warnings.append(text)

    def _close(self, device: SharedDevice) -> None:
        if device.opened is not None:
            stream = device.opened
            device.opened = None  # first, so that a closed stream is never used
            with suppress(Exception):  # whatever its driver raises: it is not used any more
                stream.close()


DEVICE_POOL: Final = DevicePool()
"""PortAudio is global to the process, and so are its devices."""
