"""Write a report so that a killed command or a full disk leaves no misleading one.

A pipeline takes any file it finds: neither the report of an earlier run nor half of this one
may be there.
"""

from pathlib import Path

from sipcli.files import is_fifo, open_fifo, replace_whole, write_to_fifo


def begin(path: Path, unfinished: bytes) -> None:
    """Write the report `unfinished`. Raises `OSError` if that fails.

    An old report that cannot be replaced is removed. A path that is not a regular file, such
    as a FIFO, gets only the finished report.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        return
    try:
        replace_whole(path, unfinished)
    except OSError:
        if path.is_file():
            path.unlink()
        raise


def hold_fifo(path: Path) -> int | None:
    """Open a FIFO, to keep its reader until `finish`; None for anything else.

    Raises `OSError` if no program reads from it.
    """
    return open_fifo(path) if is_fifo(path) else None


def finish(path: Path, report: bytes, fifo: int | None = None) -> None:
    """Replace the report atomically with the finished one. Raises `OSError`.

    `fifo` is the descriptor from `hold_fifo`; the report goes there, and it is closed.
    """
    if fifo is None:
        replace_whole(path, report)
    else:
        write_to_fifo(fifo, report)
