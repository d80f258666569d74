"""A report that is read when the command has ended, however that was: killed, on a full disk.

A pipeline takes what it finds. Yesterday's report must not be found, nor half of today's.
"""

from pathlib import Path

from sipcli.files import replace_whole


def begin(path: Path, unfinished: bytes) -> None:
    """Put a report there that says that there is none yet. Raises OSError where none can be.

    A report that cannot be replaced is removed rather than left. What is no regular file, such
    as a pipe, is left for the finished one.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        return
    try:
        replace_whole(path, unfinished)
    except OSError:
        if path.is_file():
            path.unlink()
        raise


def finish(path: Path, report: bytes) -> None:
    """Put the finished report there, at once and as a whole. Raises OSError."""
    replace_whole(path, report)
