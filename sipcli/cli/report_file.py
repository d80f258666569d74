"""A report that is read when the command has ended, however that was: killed, on a full disk.

A pipeline takes what it finds. Yesterday's report must not be found, nor half of today's.
"""

from pathlib import Path

from sipcli.files import is_fifo, open_fifo, replace_whole, write_to_fifo


def begin(path: Path, unfinished: bytes) -> None:
    """Put a report there that says that there is none yet. Raises OSError where none can be.

    A report that cannot be replaced is removed rather than left. What is no regular file, such
    as a FIFO, is left for the finished one.
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

    Raises OSError where no program reads from it.
    """
    return open_fifo(path) if is_fifo(path) else None


def finish(path: Path, report: bytes, fifo: int | None = None) -> None:
    """Put the finished report there, at once and as a whole. Raises OSError.

    `fifo` is what `hold_fifo` has opened; it is closed.
    """
    if fifo is None:
        replace_whole(path, report)
    else:
        write_to_fifo(fifo, report)
