"""The log and the SIP trace; no secret gets into either."""

import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from sipcli.config.settings import Log
from sipcli.files import is_fifo, private
from sipcli.text import MASK, one_line, printable
from sipcli.unlogged import IS_UNLOGGED

LOGGER: Final = logging.getLogger("sipcli")
_TRACE: Final = LOGGER.getChild("trace")
"""The SIP trace: it goes where the log goes, whatever the log's level."""
_TRACE.setLevel(logging.DEBUG)

# A lone CR, which a peer may write, counts as a line's end too: rather too much is masked.
_CREDENTIALS: Final = re.compile(
    r"(?<![^\r\n])((?:Proxy-)?(?:Authorization|Authentication-Info))([ \t]*:[ \t]*)"
    r"([^\r\n]*(?:(?:\r\n?|\n)[ \t][^\r\n]*)*)",
    re.IGNORECASE,
)
_DIGEST_SECRETS: Final = re.compile(
    r'\b(response|rspauth)(\s*=\s*)("[^"]*"|[^\s,]*)', re.IGNORECASE
)
_MEDIA_SECRETS: Final = re.compile(r"(?<![^\r\n])(a=(?:ice-pwd|crypto):)[^\r\n]*", re.IGNORECASE)


def set_up(
    settings: Log, write: Callable[[str], None], warn: Callable[[str], None] = lambda _: None
) -> None:
    """Log to the file that the settings name, else through `write`, which gets one line a time.

    Raises `OSError` if the file cannot be opened. Where it cannot be written any more, `warn`
    gets one sentence, and the log goes on in vain until there is room again.
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
    """Write a message of the SIP trace into the log; for `SipTrace`."""
    _TRACE.debug("%s", block)


def masked(data: bytes) -> str:
    """A WebSocket message as it may be shown: secrets masked, control characters spelt out.

    Digest responses go (the password can be guessed from them), ICE passwords and SDES keys
    go; who, which realm and which nonce stay, since they are what one looks for.
    """
    text = data.decode("utf-8", errors="surrogateescape")
    text = _CREDENTIALS.sub(_mask_credentials, text)
    text = _MEDIA_SECRETS.sub(rf"\1{MASK}", text)
    return printable(text.replace("\r\n", "\n"))


def _mask_credentials(found: re.Match[str]) -> str:
    name, colon, value = found.groups()
    is_digest = value.lstrip()[:7].lower() == "digest " or name.lower().endswith("info")
    value = _DIGEST_SECRETS.sub(rf'\1\2"{MASK}"', value) if is_digest else MASK
    return f"{name}{colon}{value}"


class SipTrace:
    """An observer of the phone (observer.Observer): writes messages, if asked for, and notes.

    `write` gets one message a time, several lines with their time in front: `trace`, usually.
    """

    def __init__(self, write: Callable[[str], None] | None) -> None:
        self._write = write

    def sent(self, server: str, data: bytes) -> None:
        """One WebSocket message went out."""
        self._show("->", server, data)

    def received(self, server: str, data: bytes) -> None:
        """One WebSocket message came in."""
        self._show("<-", server, data)

    def noted(self, text: str) -> None:
        """Some input had no effect, for this reason."""
        LOGGER.debug("%s", text)

    def _show(self, arrow: str, server: str, data: bytes) -> None:
        if self._write is None:
            return
        text = masked(data).rstrip("\n") or "(keep-alive)"
        lines = text.split("\n")
        self._write("\n".join([f"{_now()} {arrow} {server}", *(f"  {line}" for line in lines), ""]))


def _is_of_this_run(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or not IS_UNLOGGED.get()


class _Writer(logging.Handler):
    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(self.format(record))


class _File(logging.FileHandler):
    """A log that only its owner may read: it tells who calls whom."""

    def __init__(self, path: str, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._has_failed = False
        super().__init__(path, encoding="utf-8", errors="backslashreplace")

    def _open(self) -> TextIOWrapper:
        """Open the file to add to it (called by logging)."""
        stream = open(  # noqa: SIM115 - `close` does
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=private
        )
        if is_fifo(Path(self.baseFilename)):  # a reader that stops reading must not stop us
            os.set_blocking(stream.fileno(), False)
        return stream

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Tell of the first line that could not be written (called by logging).

        Logging itself would print a traceback for each.
        """
        if not self._has_failed:
            self._has_failed = True
            error = sys.exc_info()[1]
            why = getattr(error, "strerror", None) or str(error)
            self._warn(f"the log {one_line(self._path)} cannot be written: {why}")

    def close(self) -> None:
        """Close the file (called by logging); what still waits to be written may be lost."""
        with suppress(OSError):
            super().close()


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        if record.name == _TRACE.name:
            return record.getMessage()  # printable already, but for its own ends of lines
        return f"{_now()} {record.levelname.lower()}: {one_line(record.getMessage())}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
