"""Faults of malformed messages, each with the response it deserves (RFC 3261 §21.4)."""

from dataclasses import dataclass
from enum import Enum


class Layer(Enum):
    """The part of a message that a fault is in."""

    FRAMING = "framing"
    """Size, the end of the header section, Content-Length."""
    START_LINE = "start line"
    HEADER = "header"
    """One header field is malformed."""
    VALIDATION = "validation"
    """Each part is well-formed, but parts are missing, doubled, or do not go together."""
    APPLICATION = "application"
    """All is well-formed, but not for us: an unknown URI scheme."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a message."""

    layer: Layer
    header: str | None
    """Name of the header field; None if the fault is not in one."""
    offset: int | None
    """Characters into the start line or the header's value; None if no place can be named."""
    reason: str
    """Short plain ASCII without the peer's words: fit for a reason phrase."""
    status: int = 400
    """The answer a request with this fault deserves: 400, 416, 505, 513."""
    is_tolerable: bool = False
    """True if a message with this fault is used anyway, since its meaning is not in doubt."""
