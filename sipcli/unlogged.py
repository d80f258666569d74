"""What runs beside the run that a log is about: the sandbox's own phones."""

from contextvars import ContextVar
from typing import Final

IS_UNLOGGED: Final = ContextVar("IS_UNLOGGED", default=False)
"""Set in a task whose doings, and those of all tasks it starts, a log leaves out. Warnings stay."""
