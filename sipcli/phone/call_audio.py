"""The audio of a call: its source, its sink and its taps, and how they are opened."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path
from typing import Final, Protocol, Self, TypeAlias

from sipcli.errors import ConfigError, DeviceError
from sipcli.log import LOGGER
from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.open import (
    AudioSink,
    AudioSource,
    AudioTap,
    SinkSpec,
    SourceSpec,
    parse_sink,
    parse_source,
)
from sipcli.media.audio_io.processing import AudioProcessing
from sipcli.media.audio_io.wav import RecorderSpec, parse_record
from sipcli.phone.audio_meters import AudioMeters


@dataclass(frozen=True, slots=True)
class AudioEndpoints:
    """One call's source, sink and taps (a recorder, expectations)."""

    source: AudioSource
    sink: AudioSink
    taps: tuple[AudioTap, ...] = ()

    def close(self) -> None:
        """Close all of them."""
        self.source.close()
        self.sink.close()
        for tap in self.taps:
            tap.close()


AudioIn: TypeAlias = str | AudioSource
"""The audio source of one call: a value of `--audio-in`, or an object with `read` (called every
20 ms for 960 samples of 16 bits: 20 ms at 48 kHz, mono) and `close`."""
AudioOut: TypeAlias = str | AudioSink
"""The audio sink of one call: a value of `--audio-out`, or an object with `write` and `close`."""
OpenCallSound: TypeAlias = Callable[[AudioIn | None, AudioOut | None], AudioEndpoints]
"""Opens the audio of one call; None means the default of the phone. Raises `ConfigError` and
`DeviceError`."""


_NO_PROCESSING: Final = AudioProcessing()


class OpenSound(Protocol):
    """Opens the audio of one call, as `AudioSetup.open` does."""

    def __call__(
        self,
        *taps: AudioTap,
        source: AudioSource | None = None,
        sink: AudioSink | None = None,
    ) -> AudioEndpoints:
        """Return the audio of one call, with `taps` on it. Raises `DeviceError`."""


def open_by_name(open_sound: OpenSound, on_frame: Callable[[], None] | None) -> OpenCallSound:
    """Return a function that opens the audio of a call by `open_sound`.

    It takes a source and a sink as words or as objects. With `on_frame`, which is called after
    each frame, the audio is measured.
    """

    def opened(audio_in: AudioIn | None, audio_out: AudioOut | None) -> AudioEndpoints:
        with ExitStack() as undo:
            source = (
                parse_source(audio_in).open(LOGGER.warning)
                if isinstance(audio_in, str)
                else audio_in
            )
            if source is not None:
                undo.callback(source.close)
            sink = (
                parse_sink(audio_out).open(LOGGER.warning)
                if isinstance(audio_out, str)
                else audio_out
            )
            if sink is not None:
                undo.callback(sink.close)
            meters = (AudioMeters(on_frame),) if on_frame is not None else ()
            sound = open_sound(*meters, source=source, sink=sink)
            undo.pop_all()
        return sound

    return opened


@dataclass(frozen=True, slots=True)
class AudioSetup:
    """The audio source, sink and recorder that each call opens."""

    source: SourceSpec
    sink: SinkSpec
    record: RecorderSpec | None
    warn: Warn
    processing: AudioProcessing = _NO_PROCESSING

    @classmethod
    def of(
        cls,
        audio_in: str,
        audio_out: str,
        record: str | None,
        warn: Warn,
        processing: AudioProcessing = _NO_PROCESSING,
    ) -> Self:
        """Parse the values of the options.

        Raises `ConfigError` for an invalid value or a file that is named twice, `DeviceError`
        for a device or file that is missing.
        """
        setup = cls(
            source=parse_source(audio_in),
            sink=parse_sink(audio_out),
            record=parse_record(record) if record is not None else None,
            warn=warn,
            processing=processing,
        )
        setup._check_files()
        setup.source.check()
        setup.sink.check()
        if setup.record is not None:
            setup.record.check()
        return setup

    @classmethod
    def silent(cls) -> Self:
        """The audio without a sound card: silence is sent, and what is received is dropped."""
        return cls.of("silence", "null", None, LOGGER.warning)

    def _check_files(self) -> None:
        """Raise `ConfigError` if one file is both played and written, or written twice."""
        specs = (self.source, self.sink, *((self.record,) if self.record is not None else ()))
        paths = [spec.file for spec in specs if spec.file is not None]
        for path in paths:
            if [_real_path(other) for other in paths].count(_real_path(path)) > 1:
                raise ConfigError(
                    f"{path} is used twice: --audio-in, --audio-out and --record need a file each"
                )

    def open(
        self,
        *taps: AudioTap,
        source: AudioSource | None = None,
        sink: AudioSink | None = None,
    ) -> AudioEndpoints:
        """Open the audio of one call, with `taps` on it.

        `source` and `sink`, if given, replace the configured ones. Raises `DeviceError`.
        """
        try:
            return self._open(taps, source, sink)
        except (OSError, ImportError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise DeviceError(
                f"the audio of the call cannot be opened: {reason or error}"
            ) from error

    def _open(
        self, taps: tuple[AudioTap, ...], source: AudioSource | None, sink: AudioSink | None
    ) -> AudioEndpoints:
        with ExitStack() as undo:
            played = self.sink if sink is None else None
            source = source or self.processing.open(self.source, played, self.warn)
            undo.callback(source.close)
            sink = sink or self.sink.open(self.warn)
            undo.callback(sink.close)
            if self.record is not None:
                taps = (*taps, self.record.open(self.warn))
            undo.pop_all()
        return AudioEndpoints(source, sink, taps)


def _real_path(path: Path) -> str:
    try:
        return realpath(path)
    except OSError:  # the current directory has been removed
        return str(path)
