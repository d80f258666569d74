"""The origin of a setting."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """The sources of settings, highest precedence first."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    PROFILE = "profile"
    FILE = "file"
    STATE = "state"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a value, and its place there."""

    source: Source
    place: str = ""
    """`--option`, `VARIABLE`, `FILE:LINE`, or empty."""

    def __str__(self) -> str:
        if self.source is Source.PROFILE:
            return f"{self.place} (profile)"
        return self.place or str(self.source)


@dataclass(frozen=True, slots=True)
class Found:
    """A value and its origin."""

    value: object
    origin: Origin


DEFAULT: Final = Origin(Source.DEFAULT)
