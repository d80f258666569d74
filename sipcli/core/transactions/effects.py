"""Effects of a transaction: frozen values that `layer.py` carries out."""

from dataclasses import dataclass
from typing import TypeAlias

from sipcli.sip.message import Request, Response


@dataclass(frozen=True, slots=True)
class Send:
    """Put this message on the wire."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand this message to the transaction's user."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Timer B, F or H fired: the far end did not respond."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Input without effect in this state; logged, so that nothing vanishes silently."""

    what: str


Effect: TypeAlias = Send | Deliver | TimedOut | Ignored
