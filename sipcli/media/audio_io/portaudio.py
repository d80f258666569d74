"""PortAudio, through sounddevice: list devices and open streams.

Imported late: the import queries all devices, which takes 80 ms, and fails if PortAudio is not
installed. PortAudio is global to the process and not thread-safe, so each function here holds
`LOCK`. Anything the library raises becomes a `DeviceError`: half of it comes from drivers and
their configuration, and can be anything.
"""

import atexit
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from sipcli.errors import DeviceError
from sipcli.media.audio_io.rings import CaptureRing, PlaybackRing
from sipcli.media.audio_io.stderr_guard import silence_c_libraries, stderr_kept
from sipcli.media.pcm import RATE

LOCK: Final = threading.RLock()
_GOODBYE_S: Final = 1.0
"""Maximum seconds that the exit waits for a PortAudio call in progress."""


class DeviceKind(Enum):
    """An input or an output device."""

    INPUT = "microphone"
    OUTPUT = "loudspeaker"


LATENCY_S: Final = {DeviceKind.INPUT: 0.025, DeviceKind.OUTPUT: 0.02}
"""Seconds of buffer that PortAudio is asked for, beside a block.

Captured sound does not wait in the buffer: a larger one costs nothing, up to 0.035, where blocks
arrive in pairs. Played sound waits in all of it. Through PulseAudio, two streams then take 2.3 % of
a core, three quarters of it between ALSA and PulseAudio; in pairs it would be half as much.
"""


class NoPortAudio(DeviceError):  # noqa: N818 - what there is not
    """PortAudio is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "sound devices need PortAudio, which is not installed; on Debian and Ubuntu, "
            "run `sudo apt install libportaudio2`"
        )


class NoDevices(DeviceError):  # noqa: N818 - what there is not
    """There is no sound device at all."""

    def __init__(self) -> None:
        super().__init__("no sound device was found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A sound device as PortAudio knows it."""

    index: int
    """PortAudio's number; it changes when devices come and go."""
    name: str
    host_api: str
    """The system's audio interface: ALSA, Core Audio, Windows WASAPI …"""
    inputs: int
    """Channels that can be captured at the same time."""
    outputs: int
    rate: float
    """Its default sample rate, in Hz."""
    is_default_input: bool
    is_default_output: bool

    def channels(self, kind: DeviceKind) -> int:
        """Return its number of channels in `direction`; 0 for none."""
        return self.inputs if kind is DeviceKind.INPUT else self.outputs

    def is_default(self, kind: DeviceKind) -> bool:
        """Return True if it is the system's default."""
        return self.is_default_input if kind is DeviceKind.INPUT else self.is_default_output


@dataclass(frozen=True, slots=True)
class OpenDevice:
    """A device with a running stream."""

    device: Device
    ring: CaptureRing | PlaybackRing
    latency: float
    """Seconds from the device to the ring, or from the ring to the device."""
    stream: Any

    def close(self) -> None:
        """Stop at once; no callback comes after this."""
        with LOCK:
            self.stream.close(ignore_errors=True)


class _Name(bytes):
    """A name from a C library, which may not be UTF-8."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the text, with `\\xNN` for what is not UTF-8, so that it can be typed."""
        try:
            return super().decode(encoding, errors)
        except UnicodeDecodeError:
            if sys.platform == "win32":
                raise  # sounddevice then tries the system's code page
            return super().decode(encoding, "backslashreplace")


def devices() -> tuple[Device, ...]:
    """Return all devices, in PortAudio's order.

    Raises `NoPortAudio`, or `DeviceError` if PortAudio fails.
    """
    with _portaudio("cannot list its devices") as sd:
        apis, found = sd.query_hostapis(), sd.query_devices()
        first = next((api for api in apis if api["devices"]), None)
        return tuple(
            Device(
                index=index,
                name=each["name"],
                host_api=apis[each["hostapi"]]["name"],
                inputs=each["max_input_channels"],
                outputs=each["max_output_channels"],
                rate=each["default_samplerate"],
                is_default_input=first is not None and index == first["default_input_device"],
                is_default_output=first is not None and index == first["default_output_device"],
            )
            for index, each in enumerate(found)
        )


def find(kind: DeviceKind, name: str | None) -> Device:
    """Return the device called `name`, or with `name` in its name; None is the system's default.

    "NAME, HOST API" is a name, too. Raises `DeviceError` if none matches, or more than one.
    """
    everything = devices()
    fitting = [device for device in everything if device.channels(kind)]
    if name is None:
        if not everything:
            raise NoDevices
        for device in fitting:
            if device.is_default(kind):
                return device
        raise DeviceError(f"there is no {kind.value}")
    for matches in _matches(fitting, name):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise DeviceError(f"{name!r} matches more than one {kind.value}: {_list(matches)}")
    raise DeviceError(f"there is no {kind.value} called {name!r}; available: {_list(fitting)}")


def rescan() -> None:
    """Scan for devices again. No stream may be open.

    Raises `NoPortAudio`, or `DeviceError` if PortAudio cannot be restarted.
    """
    with _portaudio("cannot be restarted") as sd:
        # sounddevice's own functions for this turn stderr off meanwhile, for Python too.
        sd._lib.Pa_Terminate()  # noqa: SLF001 - there is no public way
        sd._check(sd._lib.Pa_Initialize())  # noqa: SLF001


def check_device(kind: DeviceKind, name: str | None) -> Device:
    """Return the device after opening and closing it. Raises `DeviceError`.

    A query is not enough: some drivers promise formats that they refuse when opened.
    """
    opened = open_stream(kind, name, lambda: None)
    opened.close()
    return opened.device


def open_stream(kind: DeviceKind, name: str | None, on_finished: Callable[[], None]) -> OpenDevice:
    """Open a device and start it. Raises `DeviceError`.

    `on_finished` is called, in a PortAudio thread, when the stream has ended on its own.
    """
    with LOCK:
        device = find(kind, name)
        with _portaudio(f"cannot use the {kind.value} {device.name!r}") as sd:
            return _start(sd, kind, device, on_finished)


def _start(
    sd: Any, kind: DeviceKind, device: Device, on_finished: Callable[[], None]
) -> OpenDevice:
    rate, channels = _format(sd, kind, device)
    ring: CaptureRing | PlaybackRing
    if kind is DeviceKind.INPUT:
        ring, stream_class = CaptureRing(rate, channels), sd.RawInputStream
    else:
        ring, stream_class = PlaybackRing(rate, channels), sd.RawOutputStream
    try:
        stream = stream_class(
            device=device.index,
            samplerate=rate,
            channels=channels,
            dtype="int16",
            blocksize=ring.block // channels,
            latency=LATENCY_S[kind],
            callback=ring.callback,
            finished_callback=on_finished,
        )
    except sd.PortAudioError as error:
        raise _unusable(kind, device, error) from error
    try:
        stream.start()
    except sd.PortAudioError as error:
        stream.close(ignore_errors=True)
        raise _unusable(kind, device, error) from error
    return OpenDevice(device, ring, stream.latency, stream)


@contextmanager
def _portaudio(fault: str) -> Iterator[Any]:
    """Lend the module sounddevice to one user at a time.

    Its exceptions become a `DeviceError`: "PortAudio", `fault` and the original text.
    """
    with LOCK:
        sd = _sounddevice()
        try:
            yield sd
        except DeviceError:
            raise
        except sd.PortAudioError as error:
            raise DeviceError(f"PortAudio {fault}: {error}") from error
        except Exception as error:
            raise DeviceError(f"PortAudio {fault}: {type(error).__name__}: {error}") from error


def _sounddevice() -> Any:
    silence_c_libraries()
    is_first = "sounddevice" not in sys.modules
    try:
        with stderr_kept():
            import sounddevice
    except (ImportError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # too many open files, say
            raise DeviceError(f"PortAudio cannot be loaded: {error.strerror}") from error
        raise NoPortAudio from error
    except Exception as error:  # its own exception class is not known before the import
        reason = " ".join(map(str, error.args[:2])).removeprefix("Error initializing PortAudio: ")
        raise DeviceError(f"PortAudio cannot be started: {reason}") from error
    if is_first:
        # Its handler would end the process with a traceback where a scan has failed.
        atexit.unregister(sounddevice._exit_handler)  # noqa: SLF001 - there is no public way
        atexit.register(_end, sounddevice)
        _read_names_leniently(sounddevice)
    return sounddevice


def _read_names_leniently(sd: Any) -> None:
    """Keep one device with an odd name from hiding all others.

    sounddevice reads names strictly as UTF-8, and a device by its number reads its name, too.
    """
    read = getattr(sd, "_ffi_string", None)  # older versions have none
    if read is not None:
        sd._ffi_string = lambda text: _Name(read(text))  # noqa: SLF001 - there is no public way


def _end(sd: Any) -> None:
    """End PortAudio with the process, unless a driver hangs, or it has ended already."""
    if LOCK.acquire(timeout=_GOODBYE_S):
        with suppress(sd.PortAudioError):
            sd._exit_handler()  # noqa: SLF001 - there is no public way
        LOCK.release()


def _format(sd: Any, kind: DeviceKind, device: Device) -> tuple[int, int]:
    """Return the rate in Hz and the channels to open it with; ours if possible."""
    is_input = kind is DeviceKind.INPUT
    test = sd.check_input_settings if is_input else sd.check_output_settings
    failure: Exception | None = None
    for rate in dict.fromkeys((RATE, round(device.rate))):
        for channels in (1, 2):
            if channels > device.channels(kind):
                continue
            try:
                test(device=device.index, channels=channels, dtype="int16", samplerate=rate)
            except sd.PortAudioError as error:
                failure = failure or error
            else:
                return rate, channels
    raise _unusable(kind, device, failure) from failure


def _matches(fitting: list[Device], name: str) -> Iterator[list[Device]]:
    """Yield the devices that `name` can mean, the likeliest first.

    One host API after the other, since Windows lists each device in several.
    """
    apis = list(dict.fromkeys(device.host_api for device in fitting))
    for api in apis:
        yield [d for d in fitting if d.host_api == api and name in (d.name, _full(d))][:1]
    for api in apis:
        part = name.casefold()
        yield [d for d in fitting if d.host_api == api and part in _full(d).casefold()]


def _full(device: Device) -> str:
    return f"{device.name}, {device.host_api}"


def _list(found: list[Device]) -> str:
    return ", ".join(repr(device.name) for device in found) or "none"


def _unusable(kind: DeviceKind, device: Device, error: Exception | None) -> DeviceError:
    return DeviceError(f"the {kind.value} {device.name!r} cannot be used: {error}")
