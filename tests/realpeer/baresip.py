"""A real baresip on loopback: a telephone that speaks SIP over UDP and plain RTP, no WebRTC."""

import json
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.realpeer.child_processes import LeashedProcess, free_port
from tests.realpeer.wav_measurement import Sound

INSTALL: Final = (
    "baresip is not installed; on Debian: `make peers`, as root or with sudo, or install "
    "baresip-core"
)
RATE: Final = 8_000
"""Samples a second of all it says and hears: it knows nothing but G.711."""
SPEECH_S: Final = 20
"""Seconds of tone that it says in a call."""
_START_LIMIT: Final = 10.0
_PORTS: Final = "46000-46998"
_MODULES: Final = next(iter(Path("/usr/lib").glob("**/baresip/modules")), Path("/"))

Event = Mapping[str, Any]


class BaresipError(AssertionError):
    """baresip did not do what the test waited for; the text has its events and its output."""


def program() -> str | None:
    """Where baresip is; None where it is not installed."""
    return shutil.which("baresip")


class Baresip:
    """One telephone with one account; leave its `with` block and it is gone."""

    def __init__(
        self, folder: Path, *, uri: str, password: str, proxy_port: int, hz: int, answers: bool
    ) -> None:
        folder.mkdir()
        self._folder = folder
        self._control_port = free_port()
        self._log_file = folder / "log"
        self._control: socket.socket | None = None
        self._unread = b""
        self.events: list[Event] = []
        """All that it has told so far, in order."""
        _write_tone(folder / "say.wav", hz)
        mode = "auto" if answers else "manual"
        (folder / "contacts").touch()
        (folder / "accounts").write_text(
            f"<{uri};transport=udp>;auth_pass={password};answermode={mode};regint=60;"
            f'outbound="sip:127.0.0.1:{proxy_port};transport=udp";audio_codecs=pcmu\n'
        )
        (folder / "config").write_text(
            f"sip_listen 127.0.0.1:{free_port()}\n"
            "net_interface 127.0.0.1\n"
            f"rtp_ports {_PORTS}\n"
            f"audio_source aufile,{folder}/say.wav\n"
            # Whoever else is at that bridge would hear it; what a filter sees on the way is kept.
            "audio_player aubridge,nobody\n"
            "audio_alert aubridge,nobody\n"
            f"snd_path {folder}\n"
            f"ctrl_tcp_listen 127.0.0.1:{self._control_port}\n"
            f"module_path {_MODULES}\n"
            "module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n"
            "module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
        )
        with self._log_file.open("wb") as log:
            self._leashed = LeashedProcess(
                [str(program()), "-f", str(folder)], stdout=log, stderr=log, cwd=folder
            )

    def __enter__(self) -> "Baresip":
        deadline = time.monotonic() + _START_LIMIT
        # What it told before somebody listened can only be read from its output.
        while self._control is None or "[1 binding]" not in self._log:
            if time.monotonic() > deadline or not self._leashed.is_running():
                self._leashed.kill()
                raise self._failure("it did not start and register")
            time.sleep(0.02)
            if self._control is None:
                with suppress(OSError):
                    self._control = socket.create_connection(("127.0.0.1", self._control_port), 1)
        return self

    def __exit__(self, *_: object) -> None:
        if self._control is not None:
            self._control.close()
        self._leashed.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._leashed.process.wait(3)
        self._leashed.kill()

    def command(self, word: str, params: str = "") -> None:
        """Tell it to do something, as its user would on the console (`dial`, `hangup` …)."""
        assert self._control is not None
        order = json.dumps({"command": word, "params": params}).encode()
        self._control.sendall(b"%d:%b," % (len(order), order))

    def wait_for(self, kind: str, *, timeout: float = 10.0, **fields: str) -> Event:
        """Its next event of this type with these fields; raises `BaresipError` without one."""
        deadline = time.monotonic() + timeout
        while (event := self._next(deadline)) is not None:
            if event.get("type") == kind and fields.items() <= event.items():
                return event
        raise self._failure(f"no {kind} {fields} within {timeout} s")

    def heard(self) -> Sound:
        """What has come out at it; complete once the call is over."""
        (path,) = self._folder.glob("dump-*-dec.wav")
        data = path.read_bytes()
        samples = np.frombuffer(data[44 : len(data) // 2 * 2], "<i2")
        return samples.astype(np.float64) / 32_768

    @property
    def _log(self) -> str:
        return self._log_file.read_text("utf-8", "replace")

    def _next(self, deadline: float) -> Event | None:
        """The next event (a netstring of JSON), or none by the deadline."""
        assert self._control is not None
        while True:
            size, colon, rest = self._unread.partition(b":")
            if colon and len(rest) > int(size):
                body, self._unread = rest[: int(size)], rest[int(size) + 1 :]
                event: Event = json.loads(body)
                self.events.append(event)
                return event
            self._control.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                more = self._control.recv(1 << 16)
            except TimeoutError:
                return None
            if not more:
                return None
            self._unread += more

    def _failure(self, reason: str) -> BaresipError:
        shown = "\n".join(json.dumps(event) for event in self.events)
        return BaresipError(f"baresip: {reason}\n--- events\n{shown}\n--- output\n{self._log}")


def _write_tone(path: Path, hz: int) -> None:
    samples = np.sin(2 * np.pi * hz * np.arange(RATE * SPEECH_S) / RATE) * 8_000
    data = samples.astype("<i2").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1,
                       RATE, RATE * 2, 2, 16, b"data", len(data))  # fmt: skip
    path.write_bytes(head + data)
