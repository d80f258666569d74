"""The file that SSLKEYLOGFILE names: with it, a capture of our TLS and DTLS can be decrypted.

Its format is NSS's key log, which Wireshark reads. `ssl.create_default_context` writes to it by
itself; what makes a context in another way uses `log_keys`.
"""

import errno
import logging
import os
import sys
from pathlib import Path
from typing import Final

from sipcli.files import is_fifo, private

_LOGGER: Final = logging.getLogger(__name__)
_VARIABLE: Final = "SSLKEYLOGFILE"
_ANNOUNCED: Final[set[str]] = set()
"""The files that a warning has named."""


def key_log() -> str | None:
    """Return the path of the key log; None if none is wanted, or it cannot be written.

    Call it before each context is made: it creates the file with mode 0600, and warns once that
    secrets are written. If the file cannot be written, it warns of that and removes the variable,
    since `ssl.create_default_context` would raise.
    """
    path = os.environ.get(_VARIABLE)
    if not path or sys.flags.ignore_environment:
        return None
    try:
        _append(path, b"")
    except OSError as error:
        _give_up(path, error)
        return None
    if path not in _ANNOUNCED:
        _ANNOUNCED.add(path)
        _LOGGER.warning(
            "%s is set: keys are written to %s, and whoever has them can decrypt this traffic",
            _VARIABLE,
            path,
        )
    return path


def log_keys(line: bytes) -> None:
    """Append a line to the key log, if one is wanted. Never raises."""
    path = key_log()
    if path is not None:
        try:
            _append(path, line + b"\n")
        except OSError as error:
            _give_up(path, error)


def _append(path: str, data: bytes) -> None:
    if is_fifo(Path(path)):
        raise OSError(errno.EINVAL, "expected a file, not a pipe")
    with open(path, "ab", buffering=0, opener=private) as file:
        file.write(data)


def _give_up(path: str, error: OSError) -> None:
    del os.environ[_VARIABLE]
    reason = error.strerror or error
    _LOGGER.warning("%s: no keys are written to %s: %s", _VARIABLE, path, reason)
