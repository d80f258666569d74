"""What kind of thing a path names, where a failed look is not taken for "nothing there"."""

from pathlib import Path


def file_mode(path: Path) -> int | None:
    """The `st_mode` of what is there; None where there is nothing.

    Raises `OSError` where that cannot be told: a folder that may not be looked into, a name that
    is too long. `Path.exists` and its like answer False to that, from Python 3.14 on.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
