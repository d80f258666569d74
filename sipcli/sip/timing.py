"""Header fields about time: Retry-After and Session-Expires (RFC 3261 §20.33, RFC 4028 §4)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import Malformed, integer
from sipcli.sip.params import NO_PARAMS, Params

MAX_DELTA_SECONDS: Final = 2**32 - 1
"""Seconds; the greatest a delta-seconds can hold (RFC 3261 §20.19)."""

_SECONDS: Final = re.compile(r"([0-9]++)[ \t]*+")
# A comment may hold comments; what a person reads of it needs no deeper look than pairing.
_COMMENT_PIECE: Final = re.compile(r"[^()\\]++|\\.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """When a refused request may be tried again."""

    seconds: int
    comment: str | None = None
    params: Params = NO_PARAMS

    @property
    def duration(self) -> int | None:
        """Seconds the far end will then be there; None if it did not say, or not in seconds."""
        return _seconds_param(self.params, "duration")

    @classmethod
    def parse(cls, text: str) -> "RetryAfter":
        """Read the value; raises `Malformed`."""
        seconds, at = _seconds(text)
        comment, at = _comment(text, at)
        return cls(seconds, comment, Params.parse(text, at))


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """How long a session lives without a refresh, and who refreshes it."""

    seconds: int
    params: Params = NO_PARAMS

    @property
    def refresher(self) -> str | None:
        """`uac` or `uas` in lower case; None where it is still open."""
        value = self.params.get("refresher")
        return None if value is None else value.lower()

    @classmethod
    def parse(cls, text: str) -> "SessionExpires":
        """Read the value of Session-Expires or Min-SE; raises `Malformed`."""
        seconds, at = _seconds(text)
        return cls(seconds, Params.parse(text, at))

    def __str__(self) -> str:
        return f"{self.seconds}{self.params}"


def _seconds(text: str) -> tuple[int, int]:
    found = _SECONDS.match(text)
    if found is None:
        raise Malformed("this is not a number of seconds")
    return integer(found[1], 0, MAX_DELTA_SECONDS, "the number of seconds"), found.end()


def _seconds_param(params: Params, name: str) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    try:
        return integer(value, 0, MAX_DELTA_SECONDS, name)
    except Malformed:
        return None


def _comment(text: str, start: int) -> tuple[str | None, int]:
    if text[start : start + 1] != "(":
        return None, start
    depth = 0
    at = start
    while at < len(text):
        found = _COMMENT_PIECE.match(text, at)
        if found is not None:
            at = found.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            return text[start + 1 : at - 1], at
    raise Malformed("a comment is not closed", start)
