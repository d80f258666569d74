"""What the user agent wants its owner to do, in order, after each step."""

from dataclasses import dataclass
from typing import TypeAlias

from sipcli.core.connection.flow import Flow


@dataclass(frozen=True, slots=True)
class Open:
    """Dial this flow's server."""

    flow: Flow


@dataclass(frozen=True, slots=True)
class Close:
    """End this flow's connection."""

    flow: Flow
    reason: str


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send these bytes, one SIP message or keep-alive, as one WebSocket message on this flow."""

    flow: Flow
    data: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the debug log: input that had no effect, and why."""

    text: str


@dataclass(frozen=True, slots=True)
class DebugLine:
    """A line for the debug log: what happened."""

    text: str


Action: TypeAlias = Open | Close | Transmit | Note | DebugLine
