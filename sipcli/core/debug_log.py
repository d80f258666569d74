"""Lines for the debug log, which are formatted only if somebody reads them."""

from collections.abc import Callable
from typing import Final


class DebugLog:
    """Writes lines by `write`, as long as `is_read`."""

    __slots__ = ("_write", "is_read")

    def __init__(self, write: Callable[[str], None], *, is_read: bool = True) -> None:
        self._write = write
        self.is_read = is_read
        """False: nobody reads the lines, so there are none."""

    def __call__(self, template: str, *values: object) -> None:
        """Write a line: `template` with the values in the places of its `%s`."""
        if self.is_read:
            self._write(template % values)


NO_LOG: Final = DebugLog(lambda _: None, is_read=False)
"""Nobody reads it."""
