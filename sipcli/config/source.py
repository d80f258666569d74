"""Where a value came from."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """The sources of settings, strongest first."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    PROFILE = "profile"
    FILE = "file"
    STATE = "state"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of one value, and where in it the value stands."""

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
