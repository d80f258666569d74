"""Marks tasks that are not logged: those of the sandbox's own phones."""

from contextvars import ContextVar
from typing import Final

IS_UNLOGGED: Final = ContextVar("IS_UNLOGGED", default=False)
"""True in such a task and in tasks that it starts. Their warnings are logged anyway."""
