"""Reports whose texts are all hostile."""

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

HOSTILE = (
    "\"><script>alert(1)</script><svg onload=alert(2)>'&amp;{{7*7}}\u202egnp\x1b[31m\x00</style>"
)
_WORDS = {
    "", "default", "passed", "failed", "unknown", "done", "slow", "not reached", "sent", "received",
    "outgoing", "succeeded", "frozen",
}  # fmt: skip
"""Words of ours: nobody else can choose what is there."""

T = TypeVar("T")


def poisoned(value: T) -> T:
    """Return the same report with something hostile behind each text in it."""
    return _poisoned(value)  # type: ignore[no-any-return]


def _poisoned(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return value if value in _WORDS else value + HOSTILE
    if isinstance(value, tuple):
        return tuple(_poisoned(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: _poisoned(getattr(value, each.name)) for each in fields(value)}
        return replace(value, **changed)
    return value
