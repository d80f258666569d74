"""What calls to come are heard and spoken with, in the words of `--audio-in` and its sisters."""

from contextlib import ExitStack
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path
from typing import Final, Self

from sipcli.calls.audio_endpoints import AudioEndpoints, OpenSink, OpenSource, OpenTap
from sipcli.errors import ConfigError, DeviceError
from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.open import (
    FileSink,
    FileSource,
    RecorderSpec,
    SinkSpec,
    SourceSpec,
    parse_record,
    parse_sink,
    parse_source,
)
from sipcli.media.audio_io.processing import AudioProcessing

_NO_PROCESSING: Final = AudioProcessing()


@dataclass(frozen=True, slots=True)
class AudioSetup:
    """Where the sound of each call comes from and goes to."""

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
        """What the words mean.

        Raises `ConfigError` for words that mean nothing or the same file twice, `DeviceError`
        for what is named and missing.
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

    def _check_files(self) -> None:
        """Raises `ConfigError` where one file would spoil another: what plays, what is kept."""
        paths = []
        if isinstance(self.source, FileSource):
            paths.append(self.source.path)
        if isinstance(self.sink, FileSink):
            paths.append(self.sink.names.path)
        if self.record is not None:
            paths.append(self.record.names.path)
        for path in paths:
            if [_real_path(other) for other in paths].count(_real_path(path)) > 1:
                raise ConfigError(
                    f"{path} is meant twice: --audio-in, --audio-out and --record take a file each"
                )

    def open(
        self,
        *taps: OpenTap,
        source: OpenSource | None = None,
        sink: OpenSink | None = None,
    ) -> AudioEndpoints:
        """The sound of one call, with `taps` on it; `source` and `sink`, where given, stand in
        for what was planned. Raises `DeviceError`.
        """
        try:
            return self._open(taps, source, sink)
        except (OSError, ImportError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise DeviceError(
                f"the sound of the call cannot be opened: {reason or error}"
            ) from error

    def _open(
        self, taps: tuple[OpenTap, ...], source: OpenSource | None, sink: OpenSink | None
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
    except OSError:  # the current folder is gone
        return str(path)
