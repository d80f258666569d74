"""Writing to stdout and stderr, whatever they are and whoever has stopped reading them."""

import os
import sys
from typing import IO


def prepare(*, utf_8: bool) -> None:
    """Make stdout and stderr take any text: what they cannot encode is replaced.

    With `utf_8`, stdout is UTF-8 with plain line feeds on every platform.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if utf_8 and stream is sys.stdout:
            reconfigure(encoding="utf-8", errors="replace", newline="\n")
        else:
            reconfigure(errors="replace")


def put_line(stream: IO[str], line: str) -> None:
    """Write one line and flush it; a reader that has gone (`| head`) is no reason to fail."""
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except BrokenPipeError:
        silence(stream)


def silence(stream: IO[str]) -> None:
    """Have what is written from now on go nowhere, what Python flushes at its exit included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
