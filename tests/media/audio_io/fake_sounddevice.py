"""A stand-in for the module `sounddevice`: devices that come and go as a test likes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from sipcli.media.pcm import Pcm


class PortAudioError(Exception):
    """What PortAudio has to say."""


@dataclass(frozen=True)
class FakeDevice:
    """A device; `rates` and `channels` are what it can be opened with."""

    name: str
    inputs: int = 2
    outputs: int = 2
    rates: tuple[int, ...] = (48_000,)
    channels: tuple[int, ...] = (1, 2)
    api: int = 0
    default_rate: float = 48_000.0


class FakeStream:
    """A stream that runs when a test says so: `turn` is what the driver's thread would do."""

    def __init__(
        self,
        owner: "FakeSounddevice",
        *,
        device: int,
        samplerate: int,
        channels: int,
        dtype: str,
        blocksize: int,
        latency: float,
        callback: Callable[[Any, int, object, object], None],
        finished_callback: Callable[[], None],
    ) -> None:
        assert dtype == "int16"
        owner.refuse(device, samplerate, channels)
        self.owner = owner
        self.name = owner.known[device].name
        self.samplerate = samplerate
        self.channels = channels
        self.blocksize = blocksize
        self.latency = latency + 0.005
        self.is_open = False
        self._callback = callback
        self._finished = finished_callback
        self._lock = threading.Lock()
        """Held during a callback: PortAudio closes no stream in the middle of one."""

    def start(self) -> None:
        """Begin."""
        self.is_open = True
        self.owner.streams.append(self)

    def close(self, *, ignore_errors: bool) -> None:
        """End."""
        assert ignore_errors
        with self._lock:
            self.is_open = False

    def capture(self, pcm: Pcm, flags: object = None) -> None:
        """Let the device hear `pcm`, interleaved."""
        assert self.capture_if_open(pcm, flags)

    def capture_if_open(self, pcm: Pcm, flags: object = None) -> bool:
        """The same, where another thread may close the stream; return False if it has."""
        with self._lock:
            if not self.is_open:
                return False
            for start in range(0, len(pcm), self.blocksize * self.channels):
                block = pcm[start : start + self.blocksize * self.channels]
                self._callback(block.tobytes(), len(block) // self.channels, None, flags)
            return True

    def play(self, blocks: int, flags: object = None) -> Pcm:
        """What the device plays next, interleaved."""
        assert self.is_open
        played = []
        for _ in range(blocks):
            data = bytearray(b"\x55" * (self.blocksize * self.channels * 2))
            self._callback(data, self.blocksize, None, flags)
            played.append(np.frombuffer(data, np.int16))
        return np.concatenate(played)

    def vanish(self) -> None:
        """Be pulled out of its socket."""
        self._finished()


@dataclass
class FakeSounddevice:
    """What sipcli uses of the module."""

    plugged: list[FakeDevice]
    """What is there; seen after the next scan."""
    default_input: int = 0
    default_output: int = 0
    apis: tuple[str, ...] = ("ALSA",)
    streams: list[FakeStream] = field(default_factory=list)
    scans: int = 0
    start_code: int = 0
    """What a scan comes to."""
    trouble: Exception | None = None
    """What is raised in place of the list of devices."""
    PortAudioError: ClassVar[type[Exception]] = PortAudioError

    def __post_init__(self) -> None:
        self.known = list(self.plugged)
        self._lib = self

    def Pa_Terminate(self) -> None:  # noqa: N802
        """The end of a scan's results."""
        assert not any(stream.is_open for stream in self.streams), "a stream would be lost"

    def Pa_Initialize(self) -> int:  # noqa: N802
        """A scan."""
        self.scans += 1
        self.known = list(self.plugged)
        return self.start_code

    def _check(self, code: int) -> int:
        """Raises PortAudioError for what is below zero."""
        if code < 0:
            raise PortAudioError(f"Unanticipated host error [PaErrorCode {code}]")
        return code

    def query_hostapis(self) -> tuple[dict[str, Any], ...]:
        """The interfaces, and their defaults."""
        return tuple(
            {
                "name": name,
                "devices": [n for n, device in enumerate(self.known) if device.api == number],
                "default_input_device": self.default_input,
                "default_output_device": self.default_output,
            }
            for number, name in enumerate(self.apis)
        )

    def query_devices(self) -> list[dict[str, Any]]:
        """The devices of the last scan."""
        if self.trouble is not None:
            raise self.trouble
        return [
            {
                "name": device.name,
                "hostapi": device.api,
                "max_input_channels": device.inputs,
                "max_output_channels": device.outputs,
                "default_samplerate": device.default_rate,
            }
            for device in self.known
        ]

    def check_input_settings(
        self, *, device: int, channels: int, dtype: str, samplerate: int
    ) -> None:
        """Raises PortAudioError for what the device cannot do."""
        self.refuse(device, samplerate, channels)

    check_output_settings = check_input_settings

    def RawInputStream(self, **options: Any) -> FakeStream:  # noqa: N802
        """Open a microphone."""
        return FakeStream(self, **options)

    RawOutputStream = RawInputStream

    def refuse(self, device: int, rate: int, channels: int) -> None:
        """Raises PortAudioError for what a device cannot do."""
        found = self.known[device]
        if found not in self.plugged:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        if rate not in found.rates or channels not in found.channels:
            raise PortAudioError("Invalid sample rate or number of channels")

    def stream(self, name: str) -> FakeStream | None:
        """The stream that is open on the device called `name`."""
        return next((s for s in reversed(self.streams) if s.is_open and s.name == name), None)
