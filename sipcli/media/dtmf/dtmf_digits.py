"""Parse the digits and pauses to send, and represent sent and received digits (RFC 4733)."""

from dataclasses import dataclass
from typing import Final, TypeAlias

DIGITS: Final = "0123456789*#ABCD"
"""In the order of their event codes (RFC 4733 §3.2)."""
PAUSES: Final = {",": 2.0, "w": 0.5}
"""Seconds."""
MAX_STEPS: Final = 1000
"""Maximum digits and pauses queued to be sent."""


class InvalidDigits(ValueError):  # noqa: N818 - a fact about what the user wrote
    """The text contains something that is not a digit, or too many digits."""


@dataclass(frozen=True, slots=True)
class Digit:
    """A digit that was sent or received."""

    digit: str
    """One of `DIGITS`."""
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait between digits."""

    seconds: float


DialStep: TypeAlias = str | Pause
"""A digit, or a wait before the next."""


def parse_digits(text: str) -> tuple[DialStep, ...]:
    """Parse `text`: digits, `,` (pause of 2 s) and `w` (pause of 0.5 s).

    Raises `InvalidDigits`, also for flash (`!`), which has no meaning on a phone like this, and
    for more than `MAX_STEPS`.
    """
    if len(text) > MAX_STEPS:
        raise InvalidDigits(f"{len(text)} digits are too many: the limit is {MAX_STEPS}")
    return tuple(_step(character) for character in text)


def _step(character: str) -> DialStep:
    if character in PAUSES:
        return Pause(PAUSES[character])
    if character.upper() in DIGITS:
        return character.upper()
    raise InvalidDigits(
        f"{character!r} is not a digit: use 0-9, *, #, A-D, a comma (waits 2 s) or w (waits 0.5 s)"
    )
