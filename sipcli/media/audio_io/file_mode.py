"""Get the mode of a file, without mistaking a failed `stat` for a missing file."""

from pathlib import Path


def file_mode(path: Path) -> int | None:
    """Return the `st_mode` of a path; None if it does not exist.

    Raises `OSError` if that is unknown: a folder without permission, a name that is too long.
    `Path.exists` and the like return False for those, from Python 3.14 on.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
