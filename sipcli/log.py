"""The log and the SIP trace, both without secrets."""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from sipcli.config.tables import LogTable
from sipcli.files import is_fifo, private
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal
from sipcli.sip.masking import line_without_secrets, without_secrets
from sipcli.text import one_line, printable, rfc3339

LOGGER: Final = logging.getLogger("sipcli")
_TRACE: Final = LOGGER.getChild("trace")
"""The SIP trace: written to the log, whatever its level."""
_TRACE.setLevel(logging.DEBUG)
IS_UNLOGGED: Final = ContextVar("IS_UNLOGGED", default=False)
"""True in the tasks of the sandbox's own phones and in those that they start.

Only their warnings are logged."""


def set_up(
    settings: LogTable, write: Callable[[str], None], warn: Callable[[str], None] = lambda _: None
) -> None:
    """Log to the file in the settings, else through `write`, which is called with each line.

    Raises `OSError` if the file cannot be opened. If writing fails later, for example on a full
    disk, `warn` is called once, lines are lost, and logging continues when writing works again.
    """
    if settings.file is None:
        handler: logging.Handler = _Writer(write)
    else:
        handler = _File(settings.file, warn)
    handler.setFormatter(_Formatter())
    handler.addFilter(_is_of_this_run)
    for old in LOGGER.handlers[:]:
        LOGGER.removeHandler(old)
        old.close()
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    LOGGER.setLevel(settings.level.upper())


def trace(block: str) -> None:
    """Write a message of the SIP trace to the log; for `trace_sip`."""
    _TRACE.debug("%s", block)


def masked(data: bytes) -> str:
    """Return a WebSocket message for display: secrets masked, control characters escaped."""
    text = without_secrets(data).decode("utf-8", errors="surrogateescape")
    return printable(text.replace("\r\n", "\n"))


def trace_sip(journal: Journal, write: Callable[[str], None] = trace) -> None:
    """Write each SIP message of the journal from now on, as several lines with a time."""
    journal.subscribe(SipEntry, lambda entry: write(_traced(entry)))


def _traced(entry: SipEntry) -> str:
    arrow = "->" if entry.direction == "sent" else "<-"
    text = masked(entry.data).rstrip("\n") or "(keep-alive)"
    lines = [f"  {line}" for line in text.split("\n")]
    return "\n".join([f"{rfc3339(entry.at)} {arrow} {entry.server}", *lines, ""])


def _is_of_this_run(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or not IS_UNLOGGED.get()


class _Writer(logging.Handler):
    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(self.format(record))


class _File(logging.FileHandler):
    """A log file with mode 0600: it contains who calls whom."""

    def __init__(self, path: str, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._has_failed = False
        super().__init__(path, encoding="utf-8", errors="backslashreplace")

    def _open(self) -> TextIOWrapper:
        """Open the file for appending (called by logging)."""
        stream = open(  # noqa: SIM115 - `close` does
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=private
        )
        if is_fifo(Path(self.baseFilename)):  # a reader that stops reading must not stop us
            os.set_blocking(stream.fileno(), False)
        return stream

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Warn of the first line that could not be written (called by logging).

        The default would print a traceback for each line.
        """
        if not self._has_failed:
            self._has_failed = True
            error = sys.exc_info()[1]
            why = getattr(error, "strerror", None) or str(error)
            self._warn(f"the log {one_line(self._path)} cannot be written: {why}")

    def close(self) -> None:
        """Close the file (called by logging); unwritten lines may be lost."""
        with suppress(OSError):
            super().close()


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        if record.name == _TRACE.name:
            return record.getMessage()  # already escaped, except for its own line ends
        text = line_without_secrets(one_line(record.getMessage()))
        return f"{rfc3339(record.created)} {record.levelname.lower()}: {text}"
