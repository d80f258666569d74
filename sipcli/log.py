"""The log and the SIP trace; no secret gets into either."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sipcli.config.settings import Log
from sipcli.printable import printable

LOGGER: Final = logging.getLogger("sipcli")

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
MASK: Final = "***"


def set_up(settings: Log, write: Callable[[str], None]) -> None:
    """Log to the file that the settings name, else through `write`, which gets one line a time.

    Raises `OSError` if the file cannot be opened.
    """
    if settings.file is None:
        handler: logging.Handler = _Writer(write)
    else:
        handler = logging.FileHandler(settings.file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_Formatter())
    for old in LOGGER.handlers[:]:
        LOGGER.removeHandler(old)
        old.close()
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    LOGGER.setLevel(settings.level.upper())


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
    """An observer of the phone (shell.Observer): writes messages, if asked for, and notes."""

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


class _Writer(logging.Handler):
    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(self.format(record))


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_now()} {record.levelname.lower()}: {printable(record.getMessage())}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
