"""`--capture`, as a part of the evidence of a command."""

from pathlib import Path

from sipcli.cli.context import current_screen
from sipcli.cli.evidence_options import RunEnd
from sipcli.cli.evidence_part import RunBegin
from sipcli.errors import ConfigError
from sipcli.evidence.capture import MEGABYTE, CaptureFile


class CapturePart:
    """A capture of all that the command sends and receives."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: CaptureFile | None = None

    def begin(self, run: RunBegin) -> None:
        """Create the file. Raises `ConfigError`."""
        settings = run.loaded.settings
        self._file = CaptureFile(
            self._path,
            limit_bytes=settings.capture_limit * MEGABYTE,
            has_audio=settings.capture_audio,
            warn=current_screen().warning,
        )
        self._file.attach(run.journal)

    def finish(self, end: RunEnd) -> None:
        """End the file. Raises `ConfigError` if not all could be written, as was said then."""
        if self._file is None:
            return
        self._file.close()
        if self._file.failure is not None:
            error = ConfigError(self._file.failure)
            error.brief = "the capture is not whole"
            raise error

    def discard(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.discard()
